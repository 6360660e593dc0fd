using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>The entries of the worker's log about lines of models. docs/reference/worker-log.md describes them.</summary>
public static class ServingEntries
{
    /// <summary>A steward allowed a line, signed by one key.</summary>
    public const string Allowed = "serving-allowed";

    /// <summary>A steward took a line off the shelf, and what was ordered of it is forgotten.</summary>
    public const string Forbidden = "serving-forbidden";

    /// <summary>A steward stopped a line: nothing of it answers.</summary>
    public const string Stopped = "serving-stopped";

    /// <summary>A steward resumed a line.</summary>
    public const string Resumed = "serving-resumed";

    /// <summary>An order of the allowed signer is followed from here on; written before the shelf.</summary>
    public const string Ordered = "serving-ordered";

    /// <summary>An order was refused: of another signer, or older than the one that is followed.</summary>
    public const string Refused = "serving-refused";

    /// <summary>The site's scoring has taken a version out of use by itself.</summary>
    public const string Withdrawn = "model-withdrawn";

    internal static JsonObject Allow(string line, Sha256Digest signer, IEnumerable<string> modes, ReportSchedule report, int outcomesAfter, string steward, string note) => new()
    {
        ["line"] = line, ["signer"] = signer.ToString(), ["modes"] = new JsonArray([.. modes.Select(mode => JsonValue.Create(mode))]), ["report"] = report.Word(), ["outcomes-after"] = outcomesAfter,
        ["steward"] = steward, ["note"] = note,
    };

    internal static JsonObject Decide(string line, string steward, string note) => new() { ["line"] = line, ["steward"] = steward, ["note"] = note };

    internal static JsonObject Order(ReadOnlySpan<byte> order) => new() { ["order"] = CanonicalJson.Read(order) };

    internal static JsonObject Refuse(ServingOrder order, Sha256Digest signer, Sha256Digest allowed, ServingState why) => new()
    {
        ["line"] = order.Line, ["order"] = order.Digest.ToString(), ["sequence"] = order.Sequence, ["signer"] = signer.ToString(), ["allowed"] = allowed.ToString(), ["why"] = why.Word(),
    };

    internal static JsonObject Withdraw(Withdrawal withdrawal) => new() { ["withdrawal"] = CanonicalJson.Read(withdrawal.Write()) };

    internal static ServingAllowance ReadAllowance(JsonFields body, DateTimeOffset at)
    {
        var words = body.List("modes", 8, (node, path) => node is JsonValue value && value.TryGetValue(out string? word) ? word : throw new FormatException($"{path} must be a mode."));
        var (report, after) = (ReportSchedule.None, ReportSchedules.OutcomesAfter); // what entries from before there were reports say
        if (body.Has("report"))
        {
            if (!ReportSchedules.TryParse(body.Text("report", 7), out report))
                throw new FormatException("it names a schedule that there is not.");
            after = (int)body.Integer("outcomes-after", ReportSchedules.LeastOutcomesAfter, ReportSchedules.MostOutcomesAfter);
        }

        return TryModes(words, out var modes, out var production)
            ? new ServingAllowance(Sha256Digest.Parse(body.Text("signer", 64)), modes, production, body.Text("steward", 256), at, body.Text("note", 4096)) { Report = report, OutcomesAfter = after }
            : throw new FormatException("it names a mode that there is not.");
    }

    internal static Withdrawal ReadWithdrawal(JsonFields body) => Withdrawal.Read(CanonicalJson.Write(body.Node("withdrawal")));

    /// <summary>The modes that words name, of which <see cref="ServingAllowance.ProductionWord"/> is one; false where one names none, or there is none.</summary>
    internal static bool TryModes(IReadOnlyCollection<string> words, out ImmutableSortedSet<RolloutMode> modes, out bool production)
    {
        modes = [];
        production = words.Contains(ServingAllowance.ProductionWord);
        foreach (var word in words.Where(word => word != ServingAllowance.ProductionWord))
        {
            if (!RolloutModes.TryParse(word, out var mode))
                return false;
            modes = modes.Add(mode);
        }

        return words.Count > 0;
    }
}
