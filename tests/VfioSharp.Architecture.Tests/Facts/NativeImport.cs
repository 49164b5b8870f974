namespace VfioSharp.Architecture.Tests.Facts;

/// <summary>A native function that an assembly imports.</summary>
/// <param name="Library">The name it is looked up in.</param>
/// <param name="Function">The name of its entry point.</param>
/// <param name="Namespace">The namespace of the outermost type that declares it.</param>
internal sealed record NativeImport(string Library, string Function, string Namespace);
