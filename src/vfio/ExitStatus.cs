namespace VfioSharp.Cli;

/// <summary>How every command ends: the verdict first, then the codes of sysexits.h, then 128 + signal.</summary>
internal enum ExitStatus
{
    /// <summary>All that was judged is isolated, or there was nothing to judge.</summary>
    Ok = 0,

    /// <summary>Something is not isolated; beats <see cref="Unknown"/>.</summary>
    NotIsolated = 1,

    /// <summary>Of something it cannot be told.</summary>
    Unknown = 2,

    /// <summary>The command line is wrong (EX_USAGE).</summary>
    Usage = 64,

    /// <summary>An input is not there (EX_NOINPUT).</summary>
    InputMissing = 66,

    /// <summary>Reading or writing failed (EX_IOERR).</summary>
    IoError = 74,

    /// <summary>Nothing was touched because something speaks against it (EX_NOPERM).</summary>
    Refused = 77,

    /// <summary>Ctrl-C.</summary>
    Interrupted = 130,
}
