namespace VfioSharp.Lab.Tests.Machines;

/// <summary>A kernel of the lab.</summary>
/// <param name="Name">What tests call it: <c>6.1</c> and <c>7</c> are Debian's, <c>6.12</c> is the small one of <c>lab/kernel.config</c>.</param>
/// <param name="Architecture">The processor it is for.</param>
/// <param name="Version">Its release, as <c>uname -r</c> tells it.</param>
/// <param name="Image">The path of what QEMU loads.</param>
/// <param name="Modules">The folder of its modules, with a file <c>order</c>.</param>
internal sealed record Kernel(string Name, GuestArchitecture Architecture, string Version, string Image, string Modules);
