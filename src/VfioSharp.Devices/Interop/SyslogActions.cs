namespace VfioSharp.Devices.Interop;

/// <summary>
/// What syslog(2), klogctl(3) in the C library, is asked to do (<c>include/linux/syslog.h</c>; the manual page is the ABI).
/// </summary>
internal static class SyslogActions
{
    public const int SYSLOG_ACTION_READ_ALL = 3;
    public const int SYSLOG_ACTION_SIZE_BUFFER = 10;
}
