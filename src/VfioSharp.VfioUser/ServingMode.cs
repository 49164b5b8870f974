namespace VfioSharp.VfioUser;

/// <summary>Who works for the client of a function that is served.</summary>
public enum ServingMode
{
    /// <summary>A few threads for all functions of the process. Costs nothing while nobody asks for anything.</summary>
    Shared,

    /// <summary>A thread for the function, asleep while there is nothing to do. A system call less for each burst of requests.</summary>
    Dedicated,

    /// <summary>A thread for the function that never sleeps while a client is there: a whole processor for the lowest latency.</summary>
    Spinning,
}
