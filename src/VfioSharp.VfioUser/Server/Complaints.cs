namespace VfioSharp.VfioUser.Server;

/// <summary>What a client does wrong without being turned away for it. The log takes so much of it and no more: it can be had at the price of a message.</summary>
/// <param name="write">Takes a line.</param>
internal sealed class Complaints(Action<string> write)
{
    private const int Most = 8;

    private int count;

    /// <summary>Tells of one more.</summary>
    public void Add(string complaint)
    {
        int number = Interlocked.Increment(ref count);
        if (number < Most)
        {
            write(complaint);
        }
        else if (number == Most)
        {
            write($"{complaint}; no more is said of it");
        }
    }
}
