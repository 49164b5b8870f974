using VfioSharp.Lab.Tests.Machines;

namespace VfioSharp.Lab.Tests.Booting;

/// <summary>
/// The first and only file system of a guest: busybox, <c>lab/init</c>, the guest program with its libraries, and the kernel's modules.
/// Not compressed: unpacking would cost an emulated processor more than it saves.
/// </summary>
internal static class InitRamFs
{
    private static readonly Dictionary<(Kernel, bool), Lazy<string>> Built = [];

    /// <summary>The path of the file system for a kernel, made once a process.</summary>
    /// <param name="manifest">Where things are.</param>
    /// <param name="kernel">The kernel.</param>
    /// <param name="withLspci">Whether lspci is in it, which has more libraries than all the rest.</param>
    public static string For(LabManifest manifest, Kernel kernel, bool withLspci)
    {
        Lazy<string> file;
        lock (Built)
        {
            if (!Built.TryGetValue((kernel, withLspci), out file!))
                Built.Add((kernel, withLspci), file = new(() => Build(manifest, kernel, withLspci)));
        }

        return file.Value;
    }

    private static string Build(LabManifest manifest, Kernel kernel, bool withLspci)
    {
        string folder = Path.Combine(Checkout.LabFolder, "initramfs");
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, $"{kernel.Architecture}-{kernel.Name}{(withLspci ? "-lspci" : "")}.cpio");
        string next = $"{path}.{Environment.ProcessId}";
        using (FileStream file = File.Create(next))
            Write(file, manifest, kernel, withLspci);
        File.Move(next, path, overwrite: true);
        return path;
    }

    private static void Write(Stream stream, LabManifest manifest, Kernel kernel, bool withLspci)
    {
        var archive = new CpioArchive(stream);
        archive.AddCharacterDevice("dev/console", 5, 1);
        archive.AddFile("init", File.ReadAllBytes(Path.Combine(Checkout.Root, "lab", "init")), executable: true);
        archive.AddFile("bin/busybox", File.ReadAllBytes(manifest.Busybox[kernel.Architecture]), executable: true);

        GuestProgram guest = manifest.Guests[kernel.Architecture];
        archive.AddFile("bin/guest", File.ReadAllBytes(guest.Program), executable: true);
        foreach (string library in Directory.EnumerateFiles(guest.Libraries).Order(StringComparer.Ordinal))
        {
            string name = Path.GetFileName(library);

            // Where the program looks for its loader, and the loader for the rest.
            archive.AddFile((name == "ld-linux-x86-64.so.2" ? "lib64/" : "lib/") + name, File.ReadAllBytes(library), executable: true);
        }

        foreach (string module in Directory.EnumerateFiles(kernel.Modules).Order(StringComparer.Ordinal))
            archive.AddFile("modules/" + Path.GetFileName(module), File.ReadAllBytes(module));
        if (withLspci)
        {
            foreach (string file in Directory.EnumerateFiles(manifest.Lspci[kernel.Architecture]).Order(StringComparer.Ordinal))
                archive.AddFile("lspci/" + Path.GetFileName(file), File.ReadAllBytes(file), executable: true);
        }

        archive.End();
    }
}
