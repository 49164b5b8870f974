namespace VfioSharp.Lab.Tests.Machines;

/// <summary>The guest program of an architecture.</summary>
/// <param name="Program">Its path.</param>
/// <param name="Libraries">The folder of the libraries that it needs.</param>
internal sealed record GuestProgram(string Program, string Libraries);
