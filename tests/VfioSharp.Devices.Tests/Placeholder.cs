namespace VfioSharp.Devices.Tests;
