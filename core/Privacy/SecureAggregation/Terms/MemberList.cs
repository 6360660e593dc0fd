using System.Collections.Immutable;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Privacy;

/// <summary>A site that takes part, and the key that its worker signs with.</summary>
/// <param name="Site">The site.</param>
/// <param name="Fingerprint">SHA-256 of the worker's SubjectPublicKeyInfo, as the stewards confirmed it.</param>
public readonly record struct Member(SiteId Site, Sha256Digest Fingerprint);

/// <summary>
/// The members of an approved study: sites in ordinal order, none twice, no key twice. A member's index in it, from 0, stands for the site in every message.
/// </summary>
public sealed class MemberList : IEquatable<MemberList>
{
    /// <summary>Most members: every pair agrees on a mask, so cost grows with the square. Larger studies are refused.</summary>
    public const int MaximumCount = 256;

    /// <summary>Fewest members. Of two, each learns the other's update from the sum: that hides from the coordinator alone.</summary>
    public const int MinimumCount = 2;

    private readonly VerifyingKey?[] _keys;

    private MemberList(ImmutableArray<Member> members)
    {
        Members = members;
        _keys = new VerifyingKey?[members.Length];
        Digest = Sha256Digest.Of(Encode());
    }

    /// <summary>The members, in order.</summary>
    public ImmutableArray<Member> Members { get; }

    /// <summary>How many.</summary>
    public int Count => Members.Length;

    /// <summary>All of them.</summary>
    public MemberSet All => MemberSet.Of(Enumerable.Range(0, Count));

    /// <summary>SHA-256 of <see cref="Encode"/>.</summary>
    public Sha256Digest Digest { get; }

    /// <summary>A list of these members, in whatever order they come.</summary>
    /// <exception cref="ArgumentException">Too few, too many, or a site or a key twice.</exception>
    public static MemberList Of(IEnumerable<Member> members)
    {
        var sorted = members.OrderBy(member => member.Site).ToImmutableArray();
        return FaultOf(sorted) is { } fault ? throw new ArgumentException(fault, nameof(members)) : new MemberList(sorted);
    }

    /// <summary>Reads bytes that anybody may have sent.</summary>
    /// <returns>The list; null where the bytes are none. Never throws.</returns>
    public static MemberList? Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new ByteReader(bytes);
        var members = Read(ref reader);
        return reader.IsAtEnd ? members : null;
    }

    /// <summary>The list's bytes, in one form.</summary>
    public byte[] Encode()
    {
        var writer = new ByteWriter();
        Write(writer);
        return writer.ToArray();
    }

    /// <summary>The index of a site; -1 where it is no member.</summary>
    public int IndexOf(SiteId site)
    {
        for (var index = 0; index < Count; index++)
        {
            if (Members[index].Site == site)
                return index;
        }

        return -1;
    }

    /// <inheritdoc/>
    public bool Equals(MemberList? other) => other is not null && other.Digest == Digest;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as MemberList);

    /// <inheritdoc/>
    public override int GetHashCode() => Digest.GetHashCode();

    /// <summary>The key that a member is said to have, read once for all its messages; the caller compares its fingerprint.</summary>
    internal VerifyingKey KeyOf(int index, ReadOnlyMemory<byte> subjectPublicKeyInfo)
    {
        if (_keys[index] is { } known && known.SubjectPublicKeyInfo.Span.SequenceEqual(subjectPublicKeyInfo.Span))
            return known;
        var key = new VerifyingKey(subjectPublicKeyInfo.ToArray());
        if (key.Fingerprint == Members[index].Fingerprint)
            _keys[index] = key; // the right one can be no other
        return key;
    }

    internal static MemberList? Read(ref ByteReader reader)
    {
        var count = reader.Count(MinimumCount, MaximumCount);
        var members = ImmutableArray.CreateBuilder<Member>();
        for (var i = 0; i < count && reader.Ok; i++)
            members.Add(new Member(reader.Site(), reader.Digest()));
        var read = members.ToImmutable();
        return reader.Ok && FaultOf(read) is null ? new MemberList(read) : null;
    }

    internal void Write(ByteWriter writer)
    {
        writer.Count(Count);
        foreach (var member in Members)
            writer.Site(member.Site).Digest(member.Fingerprint);
    }

    private static string? FaultOf(ImmutableArray<Member> members)
    {
        if (members.Length is < MinimumCount or > MaximumCount)
            return $"Secure aggregation is for {MinimumCount} to {MaximumCount} sites; the study has {members.Length}. Use plain aggregation for fewer, or divide the study.";
        for (var i = 1; i < members.Length; i++)
        {
            if (members[i - 1].Site >= members[i].Site)
                return $"Sites are listed in order, each once; '{members[i].Site}' is not. List every site once.";
        }

        var keys = members.GroupBy(member => member.Fingerprint).FirstOrDefault(group => group.Count() > 1);
        return keys is null ? null
            : $"'{keys.First().Site}' and '{keys.Last().Site}' are listed with one key. Every worker has its own: compare fingerprints with the sites' stewards.";
    }
}
