namespace VfioSharp.Lab.Tests.Results;

internal enum GuestOutcome
{
    Passed,
    Failed,
    Observed,
}
