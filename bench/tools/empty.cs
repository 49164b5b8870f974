// A program that does nothing: what every process costs before it does something. Compiled ahead of time by bench/serve.
Console.WriteLine("ready");
Thread.Sleep(Timeout.Infinite);
