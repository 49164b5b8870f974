namespace VfioSharp.Tests.Contract;

/// <summary>One thing that the contract says.</summary>
/// <param name="Name">What holds, as a sentence.</param>
/// <param name="Needs">What a subject must be able to do for it to be asked.</param>
/// <param name="Body">Throws where it does not hold.</param>
internal sealed record ContractCheck(string Name, ContractFeatures Needs, Func<ContractSubject, CancellationToken, Task> Body)
{
    public bool AppliesTo(ContractSubject subject) => (subject.Features & Needs) == Needs;

    /// <summary>Asks it; throws where it does not hold.</summary>
    public async Task Run(ContractSubject subject, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(subject.Patience);
        try
        {
            await Body(subject, limit.Token).WaitAsync(2 * subject.Patience, stop);
        }
        catch (Exception exception) when (exception is TimeoutException || (exception is OperationCanceledException && !stop.IsCancellationRequested))
        {
            throw new ContractException($"{Name}: not done within {subject.Patience.TotalSeconds:0} s, at {exception.StackTrace}");
        }
    }
}
