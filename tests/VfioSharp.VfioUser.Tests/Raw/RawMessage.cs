using System.Buffers.Binary;
using System.Text;
using VfioSharp.Devices.Interop;

namespace VfioSharp.VfioUser.Tests.Raw;

/// <summary>A message as it was received: its bytes, and what came along.</summary>
internal sealed record RawMessage(byte[] Bytes, FileDescriptor[] Files) : IDisposable
{
    public ushort Id => BinaryPrimitives.ReadUInt16LittleEndian(Bytes);

    public ushort Command => BinaryPrimitives.ReadUInt16LittleEndian(Bytes.AsSpan(2));

    public uint Size => BinaryPrimitives.ReadUInt32LittleEndian(Bytes.AsSpan(4));

    public uint Flags => BinaryPrimitives.ReadUInt32LittleEndian(Bytes.AsSpan(8));

    public Errno Error => (Errno)BinaryPrimitives.ReadUInt32LittleEndian(Bytes.AsSpan(12));

    public byte[] Payload { get; } = Bytes[16..];

    public uint U32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(Payload.AsSpan(offset));

    public ulong U64(int offset) => BinaryPrimitives.ReadUInt64LittleEndian(Payload.AsSpan(offset));

    /// <summary>What follows a version, without the NUL that ends it.</summary>
    public string Json => Encoding.UTF8.GetString(Payload.AsSpan(4)).TrimEnd('\0');

    public void Dispose() => Array.ForEach(Files, file => file.Dispose());
}
