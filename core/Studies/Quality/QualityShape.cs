using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Studies;

/// <summary>Rules of data quality, as a study and a site's <c>quality.yaml</c> write them: one shape for both.</summary>
internal static class QualityShape
{
    /// <summary>Format of <c>quality.yaml</c> that this software reads.</summary>
    public const int Format = 1;

    private static readonly WordShape s_severity = new(
        ("critical", "the data are not what they claim to be"), ("high", "makes what is learned wrong"), ("medium", "weakens what is learned"), ("low", "worth a look"));

    private static readonly Field[] s_common =
    [
        new("name", TextShape.Identifier, "Its name in reports.", Required: true),
        new("dimension", new WordShape(
            ("completeness", "what is needed is there"), ("accuracy", "what is there is plausible"), ("consistency", "it does not contradict itself"),
            ("timeliness", "it was there when it says"), ("validity", "it is in the agreed form, codes and units"), ("uniqueness", "it is there once")), "What it looks at.", Required: true),
        new("severity", s_severity, "How bad it is when the rule fails.", Required: true),
        .. FeatureShape.Events,
        new("maximum-share", new NumberShape(0, 1), "Greatest share of what was looked at that may fail; 0: nothing.", 0),
    ];

    private static readonly VariantShape s_rule = new("test", "What is asked of the events.", null,
        ("range", "every number lies in a range; one in a unit that cannot be converted is not looked at", new MapShape([
            .. s_common,
            new("range", new IntervalShape(), "Least and greatest, in the unit.", Required: true),
            new("unit", TextShape.Unit, "UCUM unit into which numbers are converted.", "1")])),
        ("recorded", "every patient has such an event", new MapShape([.. s_common])),
        ("value", "every event has a number or a coded value", new MapShape([.. s_common])),
        ("units", "every number is in one of these units, after the site's mapping", new MapShape([
            .. s_common, new("units", new ListShape(TextShape.Unit, 1, 64, Unique: true, Sorted: true), "UCUM units.", Required: true)])));

    private static readonly ListShape s_rules = new(s_rule, 0, 256);

    /// <summary>What a study says.</summary>
    public static MapShape Whole { get; } = new(
        new("keeps-out", new ListShape(s_severity, 0, 4, Unique: true, Sorted: true), "Severities of failed rules that keep a site out of a round. With an empty list no finding does.", new JsonArray("critical", "high")),
        new("rules", s_rules, "Rules besides those that come with the software and from the features.", new JsonArray()));

    /// <summary>What a site says.</summary>
    public static MapShape OfSite { get; } = new(
        new("quality", new NumberChoiceShape(Format), "Format of the file.", Required: true),
        new("rules", s_rules, "Rules besides those that come with the software.", new JsonArray()),
        new("changes", new ListShape(
            new MapShape(
                new("rule", TextShape.Identifier, "Id of a rule that comes with the software.", Required: true),
                new("severity", s_severity, "How bad this site takes it to be."),
                new("maximum-share", new NumberShape(0, 1), "Greatest share of what was looked at that this site lets fail."),
                new("reason", TextShape.Line(300), "Why; reports show it.", Required: true)),
            0, 256), "What this site changes about rules that come with the software.", new JsonArray()));
}
