using VfioSharp.Lab.Guest;

return await GuestProgram.RunAsync(args);
