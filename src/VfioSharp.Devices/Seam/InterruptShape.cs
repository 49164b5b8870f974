namespace VfioSharp.Devices.Seam;

/// <summary>One way of interrupting as the backend describes it.</summary>
/// <param name="Count">How many vectors; 0 where the function cannot interrupt so.</param>
/// <param name="CanResize">Whether vectors can be added while others are enabled (no <c>VFIO_IRQ_INFO_NORESIZE</c>).</param>
internal readonly record struct InterruptShape(int Count, bool CanResize);
