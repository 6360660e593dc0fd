using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Studies;

/// <summary>
/// Renewals that somebody has learned of, none against another: each key gave way once and took one key's place, and along a way from key to key the numbers go up by one. So no way leads
/// back, and what was learned first stays: a second successor of one key is refused, whoever signed it.
/// </summary>
public sealed class KeyRenewals
{
    private readonly ImmutableDictionary<Sha256Digest, KeyRenewal> _byOld;
    private readonly ImmutableDictionary<Sha256Digest, KeyRenewal> _byNew;

    private KeyRenewals(ImmutableDictionary<Sha256Digest, KeyRenewal> byOld, ImmutableDictionary<Sha256Digest, KeyRenewal> byNew) => (_byOld, _byNew) = (byOld, byNew);

    /// <summary>None.</summary>
    public static KeyRenewals None { get; } = new(ImmutableDictionary<Sha256Digest, KeyRenewal>.Empty, ImmutableDictionary<Sha256Digest, KeyRenewal>.Empty);

    /// <summary>All of them, by site and number.</summary>
    public IEnumerable<KeyRenewal> All => _byOld.Values.OrderBy(renewal => renewal.Site).ThenBy(renewal => renewal.Number).ThenBy(renewal => renewal.Old.Fingerprint);

    /// <summary>Reads what <see cref="Write"/> writes and anybody may have sent; no bytes are no renewals.</summary>
    /// <returns>The renewals; null where one is none, or is against another. Never throws.</returns>
    public static KeyRenewals? Read(ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty)
            return None;
        try
        {
            return CanonicalJson.Read(json) is JsonArray array
                ? array.Aggregate((KeyRenewals?)None, (all, item) => all is not null && KeyRenewal.Read(item) is { } renewal ? all.Add(renewal) : null)
                : null;
        }
        catch (FormatException)
        {
            return null; // not JSON: nobody has renewed anything
        }
    }

    /// <summary>Renewals as a canonical JSON list; no bytes where there are none.</summary>
    public static byte[] Write(IEnumerable<KeyRenewal> renewals)
    {
        JsonArray json = [.. renewals.Select(renewal => renewal.ToJson())];
        return json.Count == 0 ? [] : CanonicalJson.Write(json);
    }

    /// <summary>These and another one; these, where it is among them.</summary>
    /// <returns>Null where it is against one of them.</returns>
    public KeyRenewals? Add(KeyRenewal renewal)
    {
        ArgumentNullException.ThrowIfNull(renewal);
        var (old, next) = (renewal.Old.Fingerprint, renewal.New.Fingerprint);
        if (_byOld.TryGetValue(old, out var known))
            return known.SaysTheSame(renewal) ? this : null;
        if (_byNew.ContainsKey(next)
            || (_byNew.TryGetValue(old, out var before) && !Follows(before, renewal))
            || (_byOld.TryGetValue(next, out var after) && !Follows(renewal, after)))
            return null;
        return new KeyRenewals(_byOld.Add(old, renewal), _byNew.Add(next, renewal));
    }

    /// <summary>The renewals that lead from a site's key to its newest; none where that is it.</summary>
    public ImmutableArray<KeyRenewal> From(SiteId site, Sha256Digest fingerprint)
    {
        var way = ImmutableArray.CreateBuilder<KeyRenewal>();
        while (_byOld.TryGetValue(fingerprint, out var renewal) && renewal.Site == site)
        {
            way.Add(renewal);
            fingerprint = renewal.New.Fingerprint;
        }

        return way.ToImmutable();
    }

    /// <summary>The fingerprint of the newest key that a site's key leads to; itself where it was not renewed.</summary>
    public Sha256Digest Newest(SiteId site, Sha256Digest fingerprint) => From(site, fingerprint) is [.., var last] ? last.New.Fingerprint : fingerprint;

    /// <summary>The renewals that led to a site's key, the first one first; none where it is the first.</summary>
    public ImmutableArray<KeyRenewal> To(SiteId site, Sha256Digest fingerprint)
    {
        var way = new List<KeyRenewal>();
        while (_byNew.TryGetValue(fingerprint, out var renewal) && renewal.Site == site)
        {
            way.Add(renewal);
            fingerprint = renewal.Old.Fingerprint;
        }

        way.Reverse();
        return [.. way];
    }

    /// <summary>A worker's key and all those that it has had before.</summary>
    public IEnumerable<VerifyingKey> KeysOf(SiteId site, VerifyingKey present)
    {
        ArgumentNullException.ThrowIfNull(present);
        return To(site, present.Fingerprint).Select(renewal => renewal.Old).Append(present);
    }

    private static bool Follows(KeyRenewal before, KeyRenewal after) => before.Site == after.Site && before.Number + 1 == after.Number;
}
