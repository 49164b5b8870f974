using System.Buffers.Binary;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Devices.Tests.Emulation;

/// <summary>Accesses as a bus makes them.</summary>
internal static class CoreAccess
{
    extension(EmulatedFunction function)
    {
        public ulong? ReadBus(int region, ulong offset, int width)
        {
            Span<byte> data = stackalloc byte[8];
            data.Clear();
            return function.Core.Read(region, offset, data[..width]) ? BinaryPrimitives.ReadUInt64LittleEndian(data) : null;
        }

        public bool WriteBus(int region, ulong offset, int width, ulong value)
        {
            Span<byte> data = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(data, value);
            return function.Core.Write(region, offset, data[..width]);
        }

        public uint ReadConfig(int offset, int width = 4) => (uint)function.ReadBus(RegionIndex.Configuration, (ulong)offset, width)!.Value;

        public void WriteConfig(int offset, uint value, int width = 4) =>
            function.WriteBus(RegionIndex.Configuration, (ulong)offset, width, value).ShouldBeTrue();

        public void SetCommand(PciCommand command) => function.WriteConfig(4, (uint)command, 2);

        /// <summary>Turns decoding and bus mastering on.</summary>
        public void PowerOn() => function.SetCommand(PciCommand.IoSpace | PciCommand.MemorySpace | PciCommand.BusMaster);

        public ConfigurationSpace Configuration()
        {
            byte[] image = new byte[function.Core.ConfigurationLength];
            function.Core.Read(RegionIndex.Configuration, 0, image).ShouldBeTrue();
            return new ConfigurationSpace(image);
        }

        public RecordingHost Plug()
        {
            var host = new RecordingHost();
            using (function.Core.EnterControl())
            {
                function.Core.Interrupts.Plug(host);
            }

            return host;
        }
    }
}
