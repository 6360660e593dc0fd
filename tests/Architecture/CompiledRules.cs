using System.Collections.Immutable;

namespace FederatedClinicalMl.Tests.Architecture;

/// <summary>Rules on compiled assemblies: what the compiler kept, whatever the project files say.</summary>
public static class CompiledRules
{
    /// <summary>Types with which a process dials or listens on an internet address, or looks one up.</summary>
    public static readonly ImmutableArray<string> InternetTypes =
    [
        "System.Net.IPAddress", "System.Net.IPEndPoint", "System.Net.DnsEndPoint", "System.Net.Dns",
        "System.Net.Sockets.TcpClient", "System.Net.Sockets.TcpListener", "System.Net.Sockets.UdpClient",
        "System.Net.WebSockets.ClientWebSocket", "System.Net.WebClient", "System.Net.WebRequest", "System.Net.Http.HttpClient",
    ];

    /// <summary>Types with which a process dials an address or looks one up; one that only listens needs none of them.</summary>
    public static readonly ImmutableArray<string> DiallingTypes =
    [
        "System.Net.Dns", "System.Net.Sockets.Socket", "System.Net.Sockets.TcpClient", "System.Net.Sockets.UdpClient", "System.Net.WebSockets.ClientWebSocket", "System.Net.WebClient",
        "System.Net.WebRequest", "System.Net.Http.HttpClient", "System.Net.Http.HttpMessageInvoker", "System.Net.Http.SocketsHttpHandler", "System.IO.Pipes.NamedPipeClientStream",
    ];

    /// <summary>Messages of the steward's wire that carry values or pseudonyms of single patients, or rows of a study.</summary>
    public static readonly ImmutableArray<string> PatientMessages =
    [
        .. ((string[])["ReviewQualityReply", "DecideQualityRequest", "MatrixRequest", "MatrixPart", "SetExclusionsRequest", "DataFaultsReply", "TermsReply", "ValidateDataReply"]).Select(name => $"FederatedClinicalMl.Protos.Steward.{name}"),
    ];

    /// <summary>Chains of references that lead from <paramref name="root"/> to an assembly it must not know.</summary>
    /// <param name="graph">Assembly name to the names it references.</param>
    /// <param name="root">Where chains start.</param>
    /// <param name="forbidden">Names, or beginnings of names that end with '*'.</param>
    public static IEnumerable<string> Chains(ImmutableDictionary<string, ImmutableArray<string>> graph, string root, params string[] forbidden)
    {
        if (!graph.ContainsKey(root))
            throw new ArgumentException($"{root} is not in the graph.", nameof(root));
        var from = new Dictionary<string, string>();
        var open = new Queue<string>([root]);
        while (open.TryDequeue(out var assembly))
        {
            foreach (var reference in graph.GetValueOrDefault(assembly, []).Where(reference => reference != root && from.TryAdd(reference, assembly)))
                open.Enqueue(reference);
        }

        foreach (var name in from.Keys.Where(name => forbidden.Any(pattern => Matches(name, pattern))))
        {
            var chain = new List<string> { name };
            while (chain[^1] != root)
                chain.Add(from[chain[^1]]);
            yield return string.Join(" <- ", chain);
        }
    }

    /// <summary>Which of <paramref name="forbidden"/> an assembly names.</summary>
    public static IEnumerable<string> NamedTypes(string assembly, IEnumerable<string> named, IEnumerable<string> forbidden) =>
        named.Intersect(forbidden).Select(type => $"{assembly} names {type}.");

    private static bool Matches(string name, string pattern) =>
        pattern.EndsWith('*') ? name.StartsWith(pattern[..^1], StringComparison.Ordinal) : name == pattern;
}
