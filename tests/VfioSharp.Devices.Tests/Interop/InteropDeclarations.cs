using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using VfioSharp.Devices.Interop;

namespace VfioSharp.Devices.Tests.Interop;

/// <summary>What VfioSharp.Devices.Interop and the namespaces in it declare, found by reflection.</summary>
internal static class InteropDeclarations
{
    private const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public sealed record Constant(string Name, string Member, object Value);

    /// <summary>The types written by hand.</summary>
    public static IEnumerable<Type> Types { get; } = [.. typeof(Errno).Assembly.GetTypes().Where(type =>
        $"{type.Namespace}.".StartsWith($"{typeof(Errno).Namespace}.", StringComparison.Ordinal) && !type.IsNested && !type.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false))];

    /// <summary>The structures that cross into native code.</summary>
    public static IEnumerable<Type> Structures => Types.Where(type => type.IsValueType && !type.IsEnum);

    /// <summary>The constants, or an enum's members.</summary>
    public static IEnumerable<Constant> Constants(Type type) => type.GetFields(All)
        .Where(field => field.IsLiteral)
        .Select(field => new Constant($"{type.Name}.{field.Name}", field.Name, Number(field.GetRawConstantValue()!)));

    /// <summary>The numbers that depend on the architecture.</summary>
    public static IEnumerable<Constant> MachineNumbers(MachineAbi abi) => typeof(MachineAbi)
        .GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Select(property => new Constant($"{nameof(MachineAbi)}.{property.Name}", property.Name, property.GetValue(abi)!));

    /// <summary>A structure's fields.</summary>
    public static IEnumerable<FieldInfo> Fields(Type type) =>
        type.GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly);

    /// <summary>The value of a constant by its full name.</summary>
    public static object Value(string name) => Types.SelectMany(Constants).Single(constant => constant.Name == name).Value;

    private static object Number(object value) => value is string ? value : Convert.ToDecimal(value, CultureInfo.InvariantCulture) < 0
        ? Convert.ToInt64(value, CultureInfo.InvariantCulture)
        : Convert.ToUInt64(value, CultureInfo.InvariantCulture);
}
