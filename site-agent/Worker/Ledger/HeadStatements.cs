using System.Buffers.Binary;
using System.Collections.Immutable;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// What a member says of ledger heads in the attachment of its keys: its own, and of others the newest that it has seen. 105 bytes for each: the member's index (1), the entry's number (8, big-endian) and
/// hash (32), that member's own signature (64); by ascending index, each once.
/// </summary>
internal static class HeadStatements
{
    /// <summary>Of so many others a member says what it has seen: a roster of 256 members has room for no more.</summary>
    public const int MostOthers = 16;

    private const int Length = 1 + sizeof(long) + Sha256Digest.Length + SignedHead.SignatureLength;

    /// <summary>
    /// The others of whom a member speaks in a round: those that follow it, and in the next round those after these, around the list. So each member is spoken of by as many in every round, and by everybody within
    /// (n - 1) / 16 rounds; nobody chooses whom to pass over.
    /// </summary>
    public static IEnumerable<int> Named(int members, int me, RoundNumber round)
    {
        var others = members - 1;
        var first = (long)(round.Value - 1) * MostOthers;
        return Enumerable.Range(0, Math.Min(MostOthers, others)).Select(next => (int)((me + 1 + ((first + next) % others)) % members));
    }

    /// <summary>The bytes of statements.</summary>
    public static byte[] Write(IEnumerable<(int Member, SignedHead Head)> statements)
    {
        var ordered = statements.OrderBy(statement => statement.Member).ToArray();
        var bytes = new byte[ordered.Length * Length];
        for (var i = 0; i < ordered.Length; i++)
        {
            var (member, head) = ordered[i];
            var one = bytes.AsSpan(i * Length, Length);
            one[0] = checked((byte)member);
            BinaryPrimitives.WriteInt64BigEndian(one[1..], head.Head.Sequence);
            head.Head.Digest.Span.CopyTo(one[(1 + sizeof(long))..]);
            head.Signature.Span.CopyTo(one[^SignedHead.SignatureLength..]);
        }

        return bytes;
    }

    /// <summary>Reads what a member attached. The signatures are still to be checked.</summary>
    /// <returns>Null where the bytes are none, or name somebody who is no member. Never throws.</returns>
    public static ImmutableArray<(int Member, SignedHead Head)>? Read(ReadOnlySpan<byte> bytes, MemberList members)
    {
        if (bytes.Length % Length != 0 || bytes.Length > (MostOthers + 1) * Length)
            return null;
        var statements = ImmutableArray.CreateBuilder<(int, SignedHead)>();
        for (var last = -1; !bytes.IsEmpty; bytes = bytes[Length..])
        {
            var (member, sequence) = (bytes[0], BinaryPrimitives.ReadInt64BigEndian(bytes[1..]));
            if (member <= last || member >= members.Count || sequence is < 1 or > SignedHead.MaximumSequence)
                return null;
            var head = new LedgerHead(sequence, new Sha256Digest(bytes.Slice(1 + sizeof(long), Sha256Digest.Length)));
            statements.Add((member, new SignedHead(members.Members[member].Site, head, bytes[(Length - SignedHead.SignatureLength)..Length].ToArray())));
            last = member;
        }

        return statements.ToImmutable();
    }
}
