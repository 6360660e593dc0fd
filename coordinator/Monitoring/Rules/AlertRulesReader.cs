using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Cronos;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>Reads <c>alerts.yaml</c>, strictly: a file with a fault is used for nothing, and every fault is told with its line and column.</summary>
public static class AlertRulesReader
{
    private const string Never = "never";

    private static readonly string[] s_conditions = ["above", "below", "rises-by", "falls-by", "silent-for"];

    /// <summary>The file's JSON Schema, draft 2020-12.</summary>
    public static JsonObject Schema()
    {
        var schema = AlertShape.Whole.Schema();
        schema.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        schema.Insert(1, "title", "alerts.yaml");
        return schema;
    }

    /// <summary>Reads a text.</summary>
    /// <returns>What it says, with the built-in rules that it does not switch off; or its faults.</returns>
    public static (AlertRules? Rules, IReadOnlyList<StudyFault> Faults) Read(string yaml)
    {
        var faults = new FaultList();
        if (YamlDeclarationReader.Read(yaml, faults) is not { } declaration || AlertShape.Whole.Check(declaration, "", faults) is not JsonObject file || !faults.IsEmpty)
            return (null, faults.InOrder());
        var channels = Channels(file, faults);
        var rules = Rules(file, channels, faults);
        var retraining = RetrainingOf(file, rules, faults);
        CronExpression? ask = null;
        if (Text(file, "ask-sites") is { } when && when != Never && !CronExpression.TryParse(when, CronFormat.Standard, out ask))
            faults.Add("ask-sites", $"Five fields are expected: minute, hour, day of month, month, day of week, such as '{BuiltInRules.AskSites}'; or {Never}.");
        return faults.IsEmpty ? (new AlertRules(rules, channels, retraining) { AskSites = ask }, []) : (null, faults.InOrder());
    }

    private static ImmutableSortedDictionary<string, Channel> Channels(JsonObject file, FaultList faults)
    {
        var channels = ImmutableSortedDictionary.CreateBuilder<string, Channel>(StringComparer.Ordinal);
        foreach (var (i, node) in file["channels"]!.AsArray().Index())
        {
            var (path, name) = (Paths.Item("channels", i), Text(node!, "name")!);
            if (!channels.TryAdd(name, Channel(node!, name, path, faults)))
                faults.Add($"{path}.name", $"There are two channels '{name}'; give each its own name.");
        }

        return channels.ToImmutable();
    }

    private static Channel Channel(JsonNode node, string name, string path, FaultList faults)
    {
        if (Text(node, "kind") == "webhook")
        {
            if (!Uri.TryCreate(Text(node, "url"), UriKind.Absolute, out var address) || !(address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback)) || address.UserInfo.Length > 0)
                faults.Add($"{path}.url", "An https address without login is expected (http is taken for this machine only).");
            return new WebhookChannel(name, address ?? new Uri("https://invalid."), Text(node, "secret-file")!);
        }

        if (node["user"] is null != node["password-file"] is null)
            faults.Add(path, "'user' and 'password-file' go together: give both, or neither.");
        foreach (var (i, to) in node["to"]!.AsArray().Append(node["from"]).Index())
        {
            if (!MimeKit.MailboxAddress.TryParse(to!.GetValue<string>(), out _))
                faults.Add($"{path}.{(i < node["to"]!.AsArray().Count ? "to" : "from")}", "An address such as oncall@example.org is expected.");
        }

        return new MailChannel(
            name, Text(node, "server")!, node["port"]!.GetValue<double>() is var port ? (int)port : 0, Text(node, "from")!, [.. node["to"]!.AsArray().Select(to => to!.GetValue<string>())], Text(node, "user"), Text(node, "password-file"),
            Text(node, "tls") == AlertShape.ImplicitTls, Text(node, "authority-file"));
    }

    private static ImmutableSortedDictionary<string, AlertRule> Rules(JsonObject file, ImmutableSortedDictionary<string, Channel> channels, FaultList faults)
    {
        var off = file["off"]!.AsArray().Select(name => name!.GetValue<string>()).ToHashSet(StringComparer.Ordinal);
        var known = BuiltInRules.All.Select(rule => rule.Name).ToList();
        foreach (var unknown in off.Except(known).Order())
            faults.Add("off", $"There is no built-in rule '{unknown}'. {Nearest.Suggest(unknown, known) ?? $"They are {string.Join(", ", known)}."}");
        var notify = Names(file["notify"], "notify", channels, faults);
        var rules = BuiltInRules.All.Where(rule => !off.Contains(rule.Name)).ToImmutableSortedDictionary(rule => rule.Name, rule => rule with { Notify = notify }, StringComparer.Ordinal).ToBuilder();
        foreach (var (i, node) in file["rules"]!.AsArray().Index())
        {
            var path = Paths.Item("rules", i);
            var rule = Rule(node!.AsObject(), path, notify, channels, faults);
            if (rule is not null && !rules.TryAdd(rule.Name, rule))
                faults.Add($"{path}.name", $"There is a rule '{rule.Name}' already. Give it another name{(known.Contains(rule.Name) ? ", or switch the built-in one off under 'off'" : "")}.");
        }

        return rules.ToImmutable();
    }

    private static AlertRule? Rule(JsonObject node, string path, ImmutableArray<string> notify, ImmutableSortedDictionary<string, Channel> channels, FaultList faults)
    {
        var signal = MonitoredSignal.Of(Text(node, "signal")!);
        var where = Subject.Of(node["where"]?.AsObject().Select(label => (label.Key, label.Value!.GetValue<string>())) ?? []);
        foreach (var label in where.Labels.Except(signal.Labels))
            faults.Add($"{path}.where", $"The signal '{signal.Name}' has no label '{label}'; it has {(signal.Labels.IsEmpty ? "none" : string.Join(", ", signal.Labels))}.");
        if (where.Labels.Any(label => where[label]!.Any(char.IsWhiteSpace)))
            faults.Add($"{path}.where", "A label's value is a name, without spaces.");
        var severity = Enum.Parse<Severity>(Text(node, "severity")!, ignoreCase: true);
        Escalation? escalation = node["escalate"] is { } escalate 
            ? new(Duration(escalate, "after")!.Value, Enum.Parse<Severity>(Text(escalate, "to")!, ignoreCase: true), Names(escalate["notify"], $"{path}.escalate.notify", channels, faults)) : null;
        if (escalation is not null && escalation.To <= severity)
            faults.Add($"{path}.escalate", "It escalates to a higher severity than its own.");
        if (ConditionOf(node, signal, path, faults) is not { } condition)
            return null;
        var name = Text(node, "name")!;
        return new AlertRule(
            name, signal, where, condition, Duration(node, "for") ?? TimeSpan.Zero, severity, escalation, Text(node, "runbook")!,
            node["notify"] is { } own ? Names(own, $"{path}.notify", channels, faults) : notify, Text(node, "group") ?? name);
    }

    private static Condition? ConditionOf(JsonObject node, MonitoredSignal signal, string path, FaultList faults)
    {
        var given = s_conditions.Where(key => node[key] is not null).ToList();
        if (given is not [var key])
        {
            faults.Add(path, $"One of {string.Join(", ", s_conditions)} is needed; here {(given.Count == 0 ? "is none" : $"are {string.Join(" and ", given)}")}.");
            return null;
        }

        var within = Duration(node, "within");
        if (key is "rises-by" or "falls-by" != within is not null)
            faults.Add(path, "'within' goes with rises-by and falls-by, and they with it.");
        if (key is "rises-by" or "falls-by" && signal.Form != SignalForm.Level)
            faults.Add($"{path}.{key}", $"'{signal.Name}' changes with time by itself; use above or below.");
        return key switch
        {
            "silent-for" => new Absence(Duration(node, key)!.Value),
            "above" or "below" => new Threshold(key == "above", node[key]!.GetValue<double>()),
            _ => new Change(key == "rises-by", node[key]!.GetValue<double>(), within ?? TimeSpan.Zero),
        };
    }

    private static ImmutableSortedDictionary<string, Retraining> RetrainingOf(JsonObject file, ImmutableSortedDictionary<string, AlertRule> rules, FaultList faults)
    {
        var lines = ImmutableSortedDictionary.CreateBuilder<string, Retraining>(StringComparer.Ordinal);
        foreach (var (line, node) in file["retraining"]?.AsObject() ?? [])
        {
            var path = Paths.Key("retraining", line);
            var alerts = node!["alerts"]!.AsArray().Select(name => name!.GetValue<string>()).ToImmutableArray();
            foreach (var unknown in alerts.Where(name => !rules.ContainsKey(name)))
                faults.Add($"{path}.alerts", $"There is no rule '{unknown}' that is on. {Suggest(unknown, rules.Keys)}".TrimEnd());
            CronExpression? cron = null;
            if (Text(node, "cron") is { } text && !CronExpression.TryParse(text, CronFormat.Standard, out cron))
                faults.Add($"{path}.cron", "Five fields are expected: minute, hour, day of month, month, day of week, such as '0 6 1 * *'.");
            lines[line] = new Retraining(line, alerts, cron, node["auto-start"]!.GetValue<bool>());
        }

        return lines.ToImmutable();
    }

    private static ImmutableArray<string> Names(JsonNode? list, string path, ImmutableSortedDictionary<string, Channel> channels, FaultList faults)
    {
        var names = list!.AsArray().Select(name => name!.GetValue<string>()).ToImmutableArray();
        foreach (var unknown in names.Where(name => !channels.ContainsKey(name)))
            faults.Add(path, $"There is no channel '{unknown}'. {Suggest(unknown, channels.Keys) ?? "Declare it under 'channels'."}");
        return names;
    }

    private static string? Suggest(string unknown, IEnumerable<string> known) => known.Any() ? Nearest.Suggest(unknown, known) : null;

    private static string? Text(JsonNode node, string key) => node[key]?.GetValue<string>();

    private static TimeSpan? Duration(JsonNode node, string key) => Text(node, key) is { } text ? DurationShape.Read(text) : null;
}
