using System.Globalization;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>Entries of the coordinator's audit log that decide about versions of models: lines and stages are a fold over them (docs/decisions/0029-stages-in-the-log.md).</summary>
public static class StageEntries
{
    /// <summary>An entry of the registry was given a version.</summary>
    public const string Confirmed = "model-version-confirmed";

    /// <summary>A promotion was asked for, and its gates passed.</summary>
    public const string Asked = "model-promotion-asked";

    /// <summary>Somebody agreed to it; with the last one that is needed it is done.</summary>
    public const string Approved = "model-promotion-approved";

    /// <summary>Somebody ended it.</summary>
    public const string Refused = "model-promotion-refused";

    /// <summary>The version in production was taken back.</summary>
    public const string RolledBack = "model-rolled-back";

    /// <summary>A version has a last day.</summary>
    public const string Deprecated = "model-version-deprecated";

    /// <summary>The last day of a version that a rollback could lead to is over.</summary>
    public const string LastDayPassed = "model-last-day-passed";

    /// <summary>A version is out of use for good.</summary>
    public const string Retired = "model-version-retired";

    /// <summary>A version in staging is let in beside production, or no more.</summary>
    public const string RolloutSet = "model-rollout-set";

    /// <summary>A site's scoring has taken a version out of use by itself; where it was let in beside production, it is so nowhere from here on.</summary>
    public const string WithdrawnAtSite = "model-withdrawn-at-site";

    internal const string EndsPromotion = "ends-promotion";

    /// <summary>Longest reason, in characters.</summary>
    public const int LongestReason = 2000;

    private const string Day = "yyyy-MM-dd";

    /// <summary>Whether an entry is one of these.</summary>
    public static bool Knows(string kind) => kind is Confirmed or Asked or Approved or Refused or RolledBack or Deprecated or LastDayPassed or Retired or RolloutSet or WithdrawnAtSite;

    internal static JsonObject Confirm(string line, ModelVersion version, Sha256Digest model) => With(line, version, ("model", model.ToString()));

    internal static JsonObject Ask(string line, AskPromotion ask) => With(line, ask.Version, ("to", ask.To.Word()), ("gates", ask.Gates.ToJson()));

    internal static JsonObject Approve(string line, ApprovePromotion approve, bool isLast) =>
        With(line, approve.Version, ("to", approve.To.Word()), ("clinical", approve.Clinical), ("reason", approve.Reason), ("promoted", isLast));

    internal static JsonObject Reason(string line, ModelVersion version, string reason) => With(line, version, ("reason", reason));

    internal static JsonObject RollBack(string line, RollBack back, ModelVersion? fallback) => With(line, back.Version, ("back", fallback?.ToString()), ("reason", back.Reason));

    internal static JsonObject Deprecate(string line, DeprecateVersion deprecate) =>
        With(line, deprecate.Version, ("last-day", deprecate.LastDay.ToString(Day, CultureInfo.InvariantCulture)), ("reason", deprecate.Reason));

    internal static JsonObject Pass(string line, ModelVersion version) => With(line, version);

    internal static JsonObject Rollout(string line, SetRollout set) => With(line, set.Version, ("mode", set.Rollout?.Mode.Word()), ("percent", set.Rollout?.Percent), ("reason", set.Reason));

    internal static JsonObject Withdraw(VersionedModel version, WithdrawnAtSite withdrawn, bool endsRollout, bool endsPromotion)
    {
        var body = With(
            withdrawn.Withdrawal.Line, version.Version, ("model", version.Model.ToString()), ("site", withdrawn.Site.Value), ("reason", withdrawn.Withdrawal.Reason.Word()),
            ("withdrawn", CanonicalTime.Write(withdrawn.Withdrawal.At)), ("ends-rollout", endsRollout));
        if (endsPromotion)
            body[EndsPromotion] = true;
        return body;
    }

    internal static Rollout? ReadRollout(JsonFields body) => body.IsNull("mode") && body.IsNull("percent") ? null : Learning.Rollout.Read(body);

    internal static SiteWithdrawal ReadWithdrawal(JsonFields body) => new(
        SiteId.TryParse(body.Text("site", 63), out var site) ? site : throw new FormatException("its site is not one."),
        Sha256Digest.Parse(body.Text("model", 64)),
        WithdrawalReasons.TryParse(body.Text("reason", WithdrawalReasons.LongestWord), out var reason) ? reason : throw new FormatException("its reason is none."),
        CanonicalTime.TryRead(body.Text("withdrawn", CanonicalTime.Length), out var at) ? at : throw new FormatException("its time is none."));

    internal static DateOnly ReadDay(string text) => DateOnly.TryParseExact(text, Day, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : throw new FormatException("its day is none.");

    private static JsonObject With(string line, ModelVersion version, params (string Name, JsonNode? Value)[] fields)
    {
        var body = new JsonObject { ["line"] = line, ["version"] = version.ToString() };
        foreach (var (name, value) in fields)
            body[name] = value;
        return body;
    }
}
