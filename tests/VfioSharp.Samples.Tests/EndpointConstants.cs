namespace VfioSharp.Samples.Tests;

/// <summary>The function's registers, commands and status as Linux's driver writes them (drivers/misc/pci_endpoint_test.c of 7.3).</summary>
internal static class EndpointConstants
{
    public const ulong Magic = 0x00;
    public const ulong Command = 0x04;
    public const ulong Status = 0x08;
    public const ulong LowerSource = 0x0C;
    public const ulong UpperSource = 0x10;
    public const ulong LowerDestination = 0x14;
    public const ulong UpperDestination = 0x18;
    public const ulong Size = 0x1C;
    public const ulong Checksum = 0x20;
    public const ulong IrqType = 0x24;
    public const ulong IrqNumber = 0x28;
    public const ulong Flags = 0x2C;
    public const ulong Caps = 0x30;
    public const ulong DoorbellBar = 0x34;
    public const ulong DoorbellOffset = 0x38;
    public const ulong DoorbellData = 0x3C;

    public const uint RaiseIntx = 1 << 0;
    public const uint RaiseMsi = 1 << 1;
    public const uint RaiseMsix = 1 << 2;
    public const uint Read = 1 << 3;
    public const uint Write = 1 << 4;
    public const uint Copy = 1 << 5;
    public const uint EnableDoorbell = 1 << 6;
    public const uint DisableDoorbell = 1 << 7;
    public const uint SubrangeSetup = 1 << 8;
    public const uint SubrangeClear = 1 << 9;

    public const uint ReadSuccess = 1 << 0;
    public const uint ReadFail = 1 << 1;
    public const uint WriteSuccess = 1 << 2;
    public const uint WriteFail = 1 << 3;
    public const uint CopySuccess = 1 << 4;
    public const uint CopyFail = 1 << 5;
    public const uint IrqRaised = 1 << 6;
    public const uint SourceInvalid = 1 << 7;
    public const uint DestinationInvalid = 1 << 8;
    public const uint DoorbellEnableFail = 1 << 11;
    public const uint DoorbellDisableFail = 1 << 13;
    public const uint SubrangeSetupFail = 1 << 15;
    public const uint SubrangeClearFail = 1 << 17;

    public const uint UseDma = 1 << 0;

    public const uint CapUnalignedAccess = 1 << 0;
    public const uint CapMsi = 1 << 1;
    public const uint CapMsix = 1 << 2;
    public const uint CapIntx = 1 << 3;

    public const uint Intx = 0;
    public const uint Msi = 1;
    public const uint Msix = 2;
}
