namespace VfioSharp.Linux.Backends;

/// <summary>Which of the kernel's ways is taken where the caller leaves it to the library.</summary>
internal static class BackendChoice
{
    /// <summary>Chooses between group and iommufd.</summary>
    /// <param name="held">How this process holds the group already: it can be held in one way only.</param>
    /// <param name="hasIommuFd">Whether iommufd's files can be opened.</param>
    /// <param name="hasGroup">Whether the group has a file.</param>
    /// <param name="mustShowToken">Whether the function is a virtual one that must show a secret, which iommufd learnt only with Linux 6.17.</param>
    /// <param name="isRefusedByIommuFd">Whether iommufd would refuse for want of isolation what the group's override lets pass.</param>
    public static VfioBackend Choose(VfioBackend? held, bool hasIommuFd, bool hasGroup, bool mustShowToken, bool isRefusedByIommuFd) =>
        held ?? (hasIommuFd && !(hasGroup && (mustShowToken || isRefusedByIommuFd)) ? VfioBackend.IommuFd : VfioBackend.Group);
}
