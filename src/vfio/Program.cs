using VfioSharp.Cli;

return (int)Cli.Run(args, Console.Out, Console.Error);
