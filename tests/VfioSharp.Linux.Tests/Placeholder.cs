namespace VfioSharp.Linux.Tests;
