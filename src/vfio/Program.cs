using System.Text;
using VfioSharp.Cli;

if (Console.IsOutputRedirected)
{
    // JSON is UTF-8 whatever the locale; a terminal shows what its locale says.
    Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
}

return (int)Cli.Run(args, Console.Out, Console.Error);
