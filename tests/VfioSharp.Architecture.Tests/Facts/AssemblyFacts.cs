using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace VfioSharp.Architecture.Tests.Facts;

/// <summary>What the metadata of a built assembly says (ECMA-335, II.22).</summary>
/// <param name="Name">Its simple name.</param>
/// <param name="References">The simple names of the assemblies it refers to.</param>
/// <param name="PublicTypes">The full names of the types it shows to others, without those nested in others.</param>
/// <param name="UsedTypes">The full names of the types it uses from them.</param>
/// <param name="Imports">The native functions it imports.</param>
/// <param name="IsUnsafe">Whether it was compiled with unsafe blocks allowed.</param>
internal sealed record AssemblyFacts(
    string Name,
    IReadOnlyList<string> References,
    IReadOnlyList<string> PublicTypes,
    IReadOnlyList<string> UsedTypes,
    IReadOnlyList<NativeImport> Imports,
    bool IsUnsafe)
{
    public static AssemblyFacts Read(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        MetadataReader metadata = file.GetMetadataReader();
        List<string> usedTypes = [.. metadata.TypeReferences.Select(handle => FullName(metadata, handle))];
        return new AssemblyFacts(
            metadata.GetString(metadata.GetAssemblyDefinition().Name),
            [.. metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))],
            [.. ReadPublicTypes(metadata)],
            usedTypes,
            [.. ReadImports(metadata)],
            // The compiler marks every module that was compiled with unsafe blocks allowed.
            usedTypes.Contains("System.Security.UnverifiableCodeAttribute"));
    }

    private static IEnumerable<string> ReadPublicTypes(MetadataReader metadata) =>
        metadata.TypeDefinitions
            .Select(metadata.GetTypeDefinition)
            .Where(type => (type.Attributes & TypeAttributes.VisibilityMask) == TypeAttributes.Public)
            .Select(type => $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}");

    private static IEnumerable<NativeImport> ReadImports(MetadataReader metadata)
    {
        foreach (MethodDefinitionHandle handle in metadata.MethodDefinitions)
        {
            MethodDefinition method = metadata.GetMethodDefinition(handle);
            if (!method.Attributes.HasFlag(MethodAttributes.PinvokeImpl))
                continue;

            MethodImport import = method.GetImport();
            yield return new NativeImport(
                metadata.GetString(metadata.GetModuleReference(import.Module).Name),
                metadata.GetString(import.Name),
                OutermostNamespace(metadata, method.GetDeclaringType()));
        }
    }

    private static string OutermostNamespace(MetadataReader metadata, TypeDefinitionHandle handle)
    {
        TypeDefinition type = metadata.GetTypeDefinition(handle);
        while (!type.GetDeclaringType().IsNil)
            type = metadata.GetTypeDefinition(type.GetDeclaringType());
        return metadata.GetString(type.Namespace);
    }

    private static string FullName(MetadataReader metadata, TypeReferenceHandle handle)
    {
        TypeReference type = metadata.GetTypeReference(handle);
        string name = metadata.GetString(type.Name);
        if (type.ResolutionScope.Kind == HandleKind.TypeReference)
            return $"{FullName(metadata, (TypeReferenceHandle)type.ResolutionScope)}+{name}";
        return type.Namespace.IsNil ? name : $"{metadata.GetString(type.Namespace)}.{name}";
    }
}
