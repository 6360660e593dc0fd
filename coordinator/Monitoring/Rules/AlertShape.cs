using System.Text.Json.Nodes;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>The shape of <c>alerts.yaml</c>: the checker and the published JSON Schema are made of it.</summary>
internal static class AlertShape
{
    /// <summary>Format of the file that this software reads.</summary>
    public const int Format = 1;

    /// <summary>TLS without STARTTLS.</summary>
    public const string ImplicitTls = "implicit";

    private static readonly TimeSpan s_year = TimeSpan.FromHours(8784);
    private static readonly DurationShape s_duration = new(s_year);
    private static readonly ListShape s_notify = new(TextShape.Identifier, 0, 16, Unique: true, Sorted: true);
    private static readonly WordShape s_severity = new(("info", "worth knowing"), ("warning", "somebody has to look, within days"), ("critical", "somebody has to look now; opens an incident"));

    private static readonly MapShape s_rule = new(
        new("name", TextShape.Identifier, "Its name; not that of a built-in rule that is on.", Required: true),
        new("signal", new WordShape([.. MonitoredSignal.All.Select(signal => (signal.Name, signal.Meaning.TrimEnd('.')))]), "What it looks at.", Required: true),
        new("where", new DictionaryShape(TextShape.Identifier, TextShape.Line(200), 8), "Labels that a subject must have; without it: any subject."),
        new("above", NumberShape.Any, "Holds where the value is above this. One of above, below, rises-by, falls-by and silent-for."),
        new("below", NumberShape.Any, "Holds where the value is below this."),
        new("rises-by", new NumberShape(0, double.MaxValue, AboveMinimum: true), "Holds where the level is higher by at least this than its least within the window."),
        new("falls-by", new NumberShape(0, double.MaxValue, AboveMinimum: true), "Holds where the level is lower by at least this than its greatest within the window."),
        new("within", s_duration, "The window of rises-by and falls-by."),
        new("silent-for", s_duration, "Holds for each subject that the rule is about of which nothing was said for so long."),
        new("for", s_duration, "For how long it must hold before there is an alert; without it: not at all."),
        new("severity", s_severity, "How much it matters.", "warning"),
        new("escalate", new MapShape(
            new Field("after", s_duration, "How long after it was opened.", Required: true),
            new Field("to", s_severity, "To which severity.", Required: true),
            new Field("notify", s_notify, "Channels that are told then, besides those of the rule.", new JsonArray())), "Becoming more severe when nobody acknowledges."),
        new("runbook", new TextShape(@"https://[!-~]{1,300}|docs/[a-z0-9/.#-]{1,300}", 320, "an https address, or a page under docs/"), "Where it says what to look at and to do.", Required: true),
        new("notify", s_notify, "Channels that are told; without it: those of the file's own 'notify'."),
        new("group", TextShape.Identifier, "Alerts of one group are told together and share an incident; without it: the rule's name."));

    private static readonly VariantShape s_channel = new("kind", "How it is told.", null,
        ("webhook", "a POST of JSON, signed with HMAC-SHA256", new MapShape(
            new("name", TextShape.Identifier, "Its name.", Required: true),
            new("url", TextShape.Line(1000), "https, or http on this machine. Redirects are not followed.", Required: true),
            new("secret-file", TextShape.Line(1000), "File that holds the secret of the signature, of 16 bytes and more.", Required: true))),
        ("email", "a letter by SMTP over TLS, but for a server on this machine to which nobody signs in", new MapShape(
            new("name", TextShape.Identifier, "Its name.", Required: true),
            new("server", TextShape.Line(253), "The server's name.", Required: true),
            new("port", NumberShape.Integer(1, 65535), "Its port.", 587),
            new("from", TextShape.Line(200), "Sender.", Required: true),
            new("to", new ListShape(TextShape.Line(200), 1, 32, Unique: true, Sorted: true), "Recipients.", Required: true),
            new("user", TextShape.Line(200), "Who signs in; with password-file."),
            new("password-file", TextShape.Line(1000), "File that holds the password. It is sent over TLS alone."),
            new("tls", new WordShape(("starttls", "TLS is asked for before anything else is said, as on port 587"), (ImplicitTls, "TLS from the first byte, as on port 465")), "How TLS begins.", "starttls"),
            new("authority-file", TextShape.Line(1000), "PEM file with the authorities that may have issued the server's certificate, and no others; without it: those that this machine trusts, revocation asked of them."))));

    /// <summary>The whole file.</summary>
    public static MapShape Whole { get; } = new(
        new("alerts", new NumberChoiceShape(Format), "Format of the file.", Required: true),
        new("off", new ListShape(TextShape.Identifier, 0, 64, Unique: true, Sorted: true), "Built-in rules that are switched off, by name.", new JsonArray()),
        new("channels", new ListShape(s_channel, 0, 16), "Where alerts are told, besides the page.", new JsonArray()),
        new("notify", s_notify, "Channels that are told of rules that name none, the built-in ones among them.", new JsonArray()),
        new("rules", new ListShape(s_rule, 0, 256), "Rules besides the built-in ones.", new JsonArray()),
        new("ask-sites", TextShape.Line(100), "When sites are asked what served versions did: five fields, UTC (minute, hour, day of month, month, day of week), or never.", BuiltInRules.AskSites),
        new("retraining", new DictionaryShape(TextShape.Identifier, new MapShape(
            new("alerts", new ListShape(TextShape.Identifier, 0, 64, Unique: true, Sorted: true), "Rules whose alerts about the line, or about its study, open a proposal.", new JsonArray()),
            new("cron", TextShape.Line(100), "Five fields, UTC: minute, hour, day of month, month, day of week."),
            new("auto-start", new BooleanShape(), "Whether what a trigger proposes is started without asking anybody, where the study allows it (retraining.auto-start) too.", false)), 256), "What proposes to train a line again, by the line's name."));
}
