namespace VfioSharp.Linux.Binding;

/// <summary>Why a function's driver is not changed.</summary>
/// <param name="Reason">The reason as a sentence, which begins with the function's address and says what to do about it.</param>
/// <param name="CanBeForced">Whether <see cref="BindOptions.Force"/> or <see cref="UnbindOptions.Force"/> passes over it.</param>
public sealed record BindingRefusal(string Reason, bool CanBeForced);
