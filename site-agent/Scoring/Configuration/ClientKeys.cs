using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>A client that may call.</summary>
/// <param name="Name">Its name, which is in logs.</param>
/// <param name="Digest">SHA-256 of its key. The key has 256 random bits, so nothing slower is needed.</param>
public sealed record ClientKey(string Name, Sha256Digest Digest);

/// <summary><c>clients.yaml</c>: who may call. The program writes it; keys themselves stand nowhere.</summary>
public sealed record ClientKeys(ImmutableArray<ClientKey> Clients)
{
    private const int KeyBytes = 32;
    private const int LongestKey = 512;

    /// <summary>Nobody.</summary>
    public static ClientKeys Empty { get; } = new([]);

    /// <summary>Reads a file.</summary>
    /// <exception cref="ScoringSetupException">It is missing or has faults; all are named.</exception>
    public static ClientKeys ReadFile(string path)
    {
        if (!File.Exists(path))
            throw new ScoringSetupException($"'{path}' is not there. 'site-scoring init' makes it.");
        var faults = new List<ConfigurationFault>();
        var clients = ImmutableArray.CreateBuilder<ClientKey>();
        if (YamlFields.Parse(File.ReadAllText(path), faults) is { } fields)
        {
            foreach (var item in fields.Maps("clients"))
            {
                var name = item.Word("name", Studies.Name.IsName, $"a name: {Studies.Name.Rule}");
                var digest = item.Word("sha256", text => Sha256Digest.TryParse(text, out _), "64 hexadecimal digits");
                item.End("name", "sha256");
                if (clients.Any(client => client.Name == name))
                    item.Refuse("name", "stands here twice");
                if (Sha256Digest.TryParse(digest, out var parsed))
                    clients.Add(new ClientKey(name, parsed));
            }

            fields.End("clients");
        }

        return faults.Count == 0 ? new ClientKeys(clients.ToImmutable()) : throw new ScoringSetupException(ConfigurationFault.Lines(path, faults));
    }

    /// <summary>These and a new one.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="key">The key, which is shown once and kept nowhere.</param>
    /// <exception cref="ScoringSetupException">The name is none, or is there already.</exception>
    public ClientKeys Add(string name, out string key)
    {
        if (!Studies.Name.IsName(name))
            throw new ScoringSetupException($"A client's name is {Studies.Name.Rule}.");
        if (Clients.Any(client => client.Name == name))
            throw new ScoringSetupException($"There is a client '{name}' already. Remove it first: site-scoring keys remove {name}");
        key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyBytes)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        return this with { Clients = Clients.Add(new ClientKey(name, Sha256Digest.Of(Encoding.UTF8.GetBytes(key)))) };
    }

    /// <summary>The client of a key; null: of none. Every client is compared with, in constant time, so that nothing is told by how long it takes.</summary>
    public string? Find(ReadOnlySpan<char> key)
    {
        Span<byte> utf8 = stackalloc byte[LongestKey];
        if (!Encoding.UTF8.TryGetBytes(key, utf8, out var length))
            return null;
        var digest = Sha256Digest.Of(utf8[..length]);
        string? found = null;
        foreach (var client in Clients)
        {
            if (CryptographicOperations.FixedTimeEquals(client.Digest.Span, digest.Span))
                found = client.Name;
        }

        return found;
    }

    /// <summary>The text of a file.</summary>
    public string ToYaml()
    {
        var text = new StringBuilder("# Who may call: written by 'site-scoring keys'. A key itself is shown once, when it is made.\n");
        text.Append(Clients.IsEmpty ? "clients: []\n" : "clients:\n");
        foreach (var client in Clients)
            text.Append("  - {name: ").Append(client.Name).Append(", sha256: \"").Append(client.Digest.ToString()).Append("\"}\n");
        return text.ToString();
    }
}
