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

/// <summary><c>clients.yaml</c>: who may call. The program writes it; secret keys stand nowhere.</summary>
/// <param name="Clients">Those with a key of their own.</param>
public sealed record ClientKeys(ImmutableArray<ClientKey> Clients)
{
    private const int KeyBytes = 32;
    private const int LongestKey = 512;

    /// <summary>The EHRs that call the CDS Hooks services with tokens.</summary>
    public ImmutableArray<EhrClient> Ehrs { get; init; } = [];

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
        var ehrs = ImmutableArray.CreateBuilder<EhrClient>();
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

            foreach (var item in fields.Has("ehrs") ? fields.Maps("ehrs") : [])
            {
                var name = item.Text("name");
                if (Read(item, name) is { } ehr)
                    ehrs.Add(ehr);
                item.End("name", "issuer", "address", "keys");
                if (clients.Any(client => client.Name == name) || ehrs.Count(other => other.Name == name) > 1)
                    item.Refuse("name", "stands here twice");
            }

            fields.End("clients", "ehrs");
        }

        return faults.Count == 0 ? new ClientKeys(clients.ToImmutable()) { Ehrs = ehrs.ToImmutable() } : throw new ScoringSetupException(ConfigurationFault.Lines(path, faults));
    }

    /// <summary>These and a new one.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="key">The key, which is shown once and kept nowhere.</param>
    /// <exception cref="ScoringSetupException">The name is none, or is there already.</exception>
    public ClientKeys Add(string name, out string key)
    {
        if (!Studies.Name.IsName(name))
            throw new ScoringSetupException($"A client's name is {Studies.Name.Rule}.");
        RequireFree(name);
        key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyBytes)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        return this with { Clients = Clients.Add(new ClientKey(name, Sha256Digest.Of(Encoding.UTF8.GetBytes(key)))) };
    }

    /// <summary>These and a new EHR.</summary>
    /// <exception cref="ScoringSetupException">Its name or its issuer is there already.</exception>
    public ClientKeys Add(EhrClient ehr)
    {
        ArgumentNullException.ThrowIfNull(ehr);
        RequireFree(ehr.Name);
        if (Ehrs.FirstOrDefault(other => other.Issuer == ehr.Issuer) is { } same)
            throw new ScoringSetupException($"'{same.Name}' has this issuer already. For other keys of it: site-scoring ehrs keys {same.Name} --keys FILE");
        return this with { Ehrs = Ehrs.Add(ehr) };
    }

    /// <summary>The EHR of a name.</summary>
    /// <exception cref="ScoringSetupException">There is none.</exception>
    public EhrClient Ehr(string name) => Ehrs.FirstOrDefault(ehr => ehr.Name == name) ?? throw new ScoringSetupException($"There is no EHR '{name}'. 'site-scoring ehrs list' shows those that there are.");

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
        var text = new StringBuilder("# Who may call: written by 'site-scoring keys' and 'site-scoring ehrs'. A client's key is shown once, when it is made; those of EHRs are public.\n");
        text.Append(Clients.IsEmpty ? "clients: []\n" : "clients:\n");
        foreach (var client in Clients)
            text.Append("  - {name: ").Append(client.Name).Append(", sha256: \"").Append(client.Digest.ToString()).Append("\"}\n");
        if (!Ehrs.IsEmpty)
            text.Append("ehrs:\n");
        foreach (var ehr in Ehrs)
            text.Append("  - {name: ").Append(ehr.Name).Append(", issuer: ").Append(ScoringConfiguration.Quoted(ehr.Issuer)).Append(", address: ").Append(ScoringConfiguration.Quoted(ehr.Address)).Append(", keys: ").Append(ScoringConfiguration.Quoted(ehr.KeySet())).Append("}\n");
        return text.ToString();
    }

    private void RequireFree(string name)
    {
        if (Clients.Any(client => client.Name == name))
            throw new ScoringSetupException($"There is a client '{name}' already. Remove it first: site-scoring keys remove {name}");
        if (Ehrs.Any(ehr => ehr.Name == name))
            throw new ScoringSetupException($"There is an EHR '{name}' already. For other keys of it: site-scoring ehrs keys {name} --keys FILE");
    }

    private static EhrClient? Read(YamlFields item, string name)
    {
        try
        {
            return EhrClient.Of(name, item.Text("issuer"), item.Text("address"), item.Text("keys"));
        }
        catch (ScoringSetupException fault)
        {
            item.Refuse("name", $"is of an EHR that cannot be used: {fault.Message}");
            return null;
        }
    }
}
