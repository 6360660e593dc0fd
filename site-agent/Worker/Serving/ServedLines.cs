using System.Collections.Immutable;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>What this site has decided about lines of models: a fold over the entries of the worker's log that are about them. Immutable.</summary>
/// <param name="All">By name.</param>
/// <param name="Withdrawals">What the site's scoring has taken out of use, in the order in which it was heard of.</param>
public sealed record ServedLines(ImmutableSortedDictionary<string, ServedLine> All, ImmutableList<Withdrawal> Withdrawals)
{
    private const int MostRefused = 64;

    /// <summary>Before the first entry.</summary>
    public static ServedLines Empty { get; } = new(ImmutableSortedDictionary.Create<string, ServedLine>(StringComparer.Ordinal), []);

    /// <summary>A line; where nothing was decided about it, one that is not allowed.</summary>
    public ServedLine Of(string line) => All.GetValueOrDefault(line) ?? new ServedLine(line, null, null, ImmutableDictionary<Sha256Digest, FollowedOrder>.Empty, []);

    /// <summary>Whether an entry is about lines of models.</summary>
    public static bool Knows(string kind) => kind is ServingEntries.Allowed or ServingEntries.Forbidden or ServingEntries.Stopped or ServingEntries.Resumed or ServingEntries.Ordered or ServingEntries.Refused or ServingEntries.Withdrawn;

    /// <summary>The lines after an entry.</summary>
    /// <exception cref="FormatException">The entry cannot be understood.</exception>
    public ServedLines Apply(LogEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var body = new JsonFields(entry.Body, entry.Kind);
        var next = entry.Kind switch
        {
            ServingEntries.Allowed => With(Of(LineOf(body)) with { Allowance = ServingEntries.ReadAllowance(body, entry.At) }),
            ServingEntries.Forbidden => Forbid(body),
            ServingEntries.Stopped => With(Of(LineOf(body)) with { Stopped = Decided(body) }),
            ServingEntries.Resumed => Resume(body),
            ServingEntries.Ordered => Order(body, entry.At),
            ServingEntries.Refused => Refuse(body),
            ServingEntries.Withdrawn => this with { Withdrawals = Withdrawals.Add(ServingEntries.ReadWithdrawal(body)) },
            _ => throw new FormatException($"the kind '{entry.Kind}' is none of a line of models."),
        };
        body.End();
        return next;
    }

    private static string LineOf(JsonFields body) => body.Text("line", 63) is var line && Name.IsName(line) ? line : throw new FormatException("its line is not one.");

    private static string Decided(JsonFields body)
    {
        body.Text("steward", 256);
        return body.Text("note", 4096);
    }

    // What was ordered is forgotten, so that a coordinator that was restored from a backup, whose numbers begin lower, can be followed again. A stop stays.
    private ServedLines Forbid(JsonFields body)
    {
        var line = Of(LineOf(body));
        Decided(body);
        return With(new ServedLine(line.Line, null, line.Stopped, ImmutableDictionary<Sha256Digest, FollowedOrder>.Empty, []));
    }

    private ServedLines Resume(JsonFields body)
    {
        Decided(body);
        return With(Of(LineOf(body)) with { Stopped = null });
    }

    private ServedLines Order(JsonFields body, DateTimeOffset at)
    {
        var (order, signer) = ServingOrder.Read(CanonicalJson.Write(body.Node("order")));
        var line = Of(order.Line);
        return line.Allowance?.Signer == signer.Fingerprint && (line.Followed is not { } before || before.Order.Sequence < order.Sequence)
            ? With(line with { Newest = line.Newest.SetItem(signer.Fingerprint, new FollowedOrder(order, signer.Fingerprint, at)) })
            : throw new FormatException("it follows an order that is not allowed, or older than the one before.");
    }

    private ServedLines Refuse(JsonFields body)
    {
        var line = Of(LineOf(body));
        var digest = Sha256Digest.Parse(body.Text("order", 64));
        body.Integer("sequence", 1, 1L << 53);
        Sha256Digest.Parse(body.Text("signer", 64));
        Sha256Digest.Parse(body.Text("allowed", 64));
        body.Text("why", 16);
        return With(line with { Refused = line.Refused.Count < MostRefused ? line.Refused.Add(digest) : [digest] });
    }

    private ServedLines With(ServedLine line) => this with { All = All.SetItem(line.Line, line) };
}
