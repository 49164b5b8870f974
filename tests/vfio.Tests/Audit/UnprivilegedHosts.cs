using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace VfioSharp.Cli.Tests.Audit;

/// <summary>Captured hosts as a reader without privilege saw them, each made once.</summary>
public sealed class UnprivilegedHosts : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly ConcurrentDictionary<string, string> archives = new();

    /// <summary>The archive, with each file as unprivileged.jsonl says that it was read: shorter, or refused.</summary>
    public string Archive(string name) => archives.GetOrAdd(name, Make);

    public void Dispose() => folder.Dispose();

    private string Make(string name)
    {
        var host = new AlteredHost(name);
        var refused = new JsonArray("var/log/dmesg");
        foreach (JsonElement file in CapturedHost.Unprivileged(name))
        {
            string path = file.GetProperty("path").GetString()!.TrimStart('/');
            if (file.TryGetProperty("open_errno", out _))
            {
                refused.Add(path);
            }
            else if (path.EndsWith("/config", StringComparison.Ordinal))
            {
                host.Cut($"/{path.Split('/')[^2]}/config$", file.GetProperty("bytes").GetInt32());
            }
        }

        return host.Edit("^snapshot[.]json$", text =>
        {
            JsonNode manifest = JsonNode.Parse(text)!;
            manifest["privileged"] = false;
            manifest["unreadable"] = refused.DeepClone();
            return manifest.ToJsonString();
        }).WriteTo(folder);
    }
}
