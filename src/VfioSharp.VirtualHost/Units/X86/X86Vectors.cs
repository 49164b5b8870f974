using VfioSharp.VirtualHost.Interrupts;

namespace VfioSharp.VirtualHost.Units.X86;

/// <summary>The vectors that the host has for functions, dealt out to its processors in turn.</summary>
/// <param name="processors">How many there are, at most 255.</param>
internal sealed class X86Vectors(int processors)
{
    // Linux gives devices what lies between its exceptions and legacy interrupts, and its own vectors (arch/x86/include/asm/irq_vectors.h).
    private const int First = 0x30;
    private const int Count = 0xEC - First;

    private readonly NumberSpace[] spaces = [.. Enumerable.Range(0, processors).Select(_ => new NumberSpace(First, Count))];
    private int next;

    /// <summary>Takes consecutive vectors of one processor, the first a multiple of their number; null where no processor has them.</summary>
    public HostInterrupt? Take(int count)
    {
        for (int tried = 0; tried < spaces.Length; tried++)
        {
            int processor = next;
            next = (next + 1) % spaces.Length;
            int vector = spaces[processor].Take(count);
            if (vector >= 0)
            {
                return new HostInterrupt((uint)processor, (uint)vector);
            }
        }

        return null;
    }

    /// <summary>Gives vectors back.</summary>
    public void Return(HostInterrupt first, int count) => spaces[first.Processor].Return((int)first.Vector, count);
}
