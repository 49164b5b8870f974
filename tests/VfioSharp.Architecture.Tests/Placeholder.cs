namespace VfioSharp.Pci.Tests;
