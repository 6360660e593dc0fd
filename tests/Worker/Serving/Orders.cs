using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Learning.Serving;

namespace FederatedClinicalMl.Tests.Worker.Serving;

/// <summary>A coordinator's orders for the line <c>heart</c>, and its models as the gateway brings them.</summary>
internal sealed class Orders : IDisposable
{
    public const string Line = "heart";

    private readonly Dictionary<int, (Sha256Digest Model, Dictionary<string, byte[]> Files)> _models = [];

    public SigningKey Key { get; } = SigningKey.Create();

    public void Dispose() => Key.Dispose();

    /// <summary>A signed order.</summary>
    /// <param name="sequence">Its number.</param>
    /// <param name="production">Number of the model in production; 0: none.</param>
    /// <param name="fallback">Of the one behind it.</param>
    /// <param name="candidate">Of the one that is tried.</param>
    /// <param name="rollout">How.</param>
    public byte[] Of(long sequence, int production, int fallback = 0, int candidate = 0, Rollout? rollout = null) => Order(sequence, production, fallback, candidate, rollout).Sign(Key);

    public ServingOrder Order(long sequence, int production, int fallback = 0, int candidate = 0, Rollout? rollout = null) => new(
        "c0", Line, sequence,
        ServedModels.Of(Version(production), Version(fallback), candidate == 0 ? null : new ServedCandidate(Version(candidate)!, rollout ?? Rollout.Shadow)), DateTimeOffset.UnixEpoch.AddSeconds(sequence));

    public Sha256Digest Model(int number) => Made(number).Model;

    /// <summary>Puts models where the gateway puts them.</summary>
    public void Bring(Site site, params int[] numbers)
    {
        foreach (var (model, files) in numbers.Select(Made))
        {
            site.Exchange.CreateDirectory(ExchangePaths.IncomingModel(model));
            foreach (var (name, content) in files)
                DurableFile.Write(site.Exchange, $"{ExchangePaths.IncomingModel(model)}/{name}", content);
        }
    }

    /// <summary>Allows the line.</summary>
    public void Allow(Site site, string modes = "shadow,canary,ab,blue-green,production", SigningKey? signer = null) =>
        site.Models.Allow(Line, (signer ?? Key).PublicKey.Fingerprint.ToString(), modes.Split(','), "grace", "");

    /// <summary>The line on the shelf; null: it is not there.</summary>
    public static ShelfLine? OnShelf(Site site) => site.Serving.Exists(ServingPaths.Shelf) ? Shelf.Read(DurableFile.Read(site.Serving, ServingPaths.Shelf)).Lines.SingleOrDefault() : null;

    /// <summary>Version and mode of what the line is served with: production, fallback, candidate.</summary>
    public static (string? Production, string? Fallback, string? Candidate) Served(Site site) => OnShelf(site)?.Serves is { } serves
        ? (serves.Production?.Version.ToString(), serves.Fallback?.Version.ToString(), serves.Candidate is { } candidate ? $"{candidate.Served.Version} {candidate.Rollout}" : null) : (null, null, null);

    private ServedVersion? Version(int number) => number == 0 ? null : new ServedVersion(new ModelVersion(number, 0, 0), Model(number));

    private (Sha256Digest Model, Dictionary<string, byte[]> Files) Made(int number)
    {
        if (!_models.TryGetValue(number, out var made))
            _models[number] = made = MadeModel.Of(Key, number);
        return made;
    }
}
