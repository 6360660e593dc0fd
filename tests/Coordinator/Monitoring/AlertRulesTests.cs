using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Coordinator.Monitoring;

namespace FederatedClinicalMl.Tests.Coordinator.Monitoring;

/// <summary>What <c>alerts.yaml</c> may say, and what is said of it where it may not.</summary>
public sealed class AlertRulesTests
{
    private const string Example = """
        alerts: 1
        off: [site-declined]
        channels:
          - {name: ward, kind: webhook, url: "https://hooks.example.org/fcml", secret-file: /etc/fcml/ward.secret}
          - {name: oncall, kind: email, server: mail.example.org, from: fcml@example.org, to: [oncall@example.org], user: fcml, password-file: /etc/fcml/mail.secret}
        notify: [oncall]
        rules:
          - {name: poor, signal: auroc, where: {study: heart}, below: 0.7, for: 10m, severity: critical, escalate: {after: 1h, to: critical}, runbook: "https://wiki.example.org/poor"}
        retraining:
          heart: {alerts: [model-withdrawn], cron: "0 6 1 * *", auto-start: true}
        """;

    private static readonly DateTimeOffset s_start = new(2027, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void File_says_what_holds_besides_the_built_in_rules()
    {
        var (rules, faults) = AlertRulesReader.Read(Example.Replace("severity: critical, ", "", StringComparison.Ordinal));

        Assert.Empty(faults);
        Assert.Equal(BuiltInRules.All.Select(rule => rule.Name).Except(["site-declined"]).Append("poor").Order(StringComparer.Ordinal), rules!.Rules.Keys);
        Assert.All(rules.Rules.Values, rule => Assert.Equal(["oncall"], rule.Notify));
        Assert.Equal((new Threshold(false, 0.7), TimeSpan.FromMinutes(10), "study=heart", Severity.Warning), (rules.Rules["poor"].Condition, rules.Rules["poor"].For, rules.Rules["poor"].Where.Text, rules.Rules["poor"].Severity));
        Assert.Equal(587, Assert.IsType<MailChannel>(rules.Channels["oncall"]).Port);
        Assert.True(rules.Retraining["heart"] is { AutoStart: true, Cron: not null, Alerts: ["model-withdrawn"] });
    }

    [Theory]
    [InlineData("off: [site-declined]", "off: [site-refused]", "2:", "There is no built-in rule 'site-refused'")]
    [InlineData("signal: auroc", "signal: aurok", "8:", "Did you mean 'auroc'?")]
    [InlineData("where: {study: heart}", "where: {site: heart}", "8:", "has no label 'site'")]
    [InlineData("below: 0.7, ", "", "8:", "here is none")]
    [InlineData("below: 0.7", "below: 0.7, above: 1", "8:", "here are above and below")]
    [InlineData("below: 0.7", "falls-by: 0.1", "8:", "'within' goes with")]
    [InlineData("severity: critical", "severity: grave", "8:", "One of the words info")]
    [InlineData("https://hooks.example.org/fcml", "http://hooks.example.org/fcml", "4:", "An https address")]
    [InlineData("https://hooks.example.org/fcml", "https://a:b@hooks.example.org/fcml", "4:", "without login")]
    [InlineData("from: fcml@example.org", "from: '<>'", "5:", "An address such as")]
    [InlineData("severity: critical", "escalate: {after: 1h, to: critical, notify: [wart]}", "8:", "There is no channel 'wart'")]
    [InlineData("user: fcml, ", "", "5:", "go together")]
    [InlineData("notify: [oncall]", "notify: [oncal]", "6:", "There is no channel 'oncal'")]
    [InlineData("name: poor", "name: run-failed", "8:", "switch the built-in one off")]
    [InlineData("alerts: [model-withdrawn]", "alerts: [site-declined]", "10:", "There is no rule 'site-declined' that is on")]
    [InlineData("0 6 1 * *", "0 6 1 *", "10:", "Five fields are expected")]
    [InlineData("https://wiki.example.org/poor", "javascript:alert(1)", "8:", "an https address")]
    [InlineData("alerts: 1", "alerts: 1\nsecret: hunter2", "2:", "There is no key 'secret'")]
    [InlineData("alerts: 1", "alerts: 2", "1:", "The number 1")]
    public void Fault_is_told_with_its_place(string good, string bad, string place, string message)
    {
        Assert.Contains(good, Example, StringComparison.Ordinal);
        var (rules, faults) = AlertRulesReader.Read(Example.Replace("severity: critical, escalate: {after: 1h, to: critical}", "severity: critical", StringComparison.Ordinal).Replace(good, bad, StringComparison.Ordinal));

        Assert.Null(rules);
        Assert.Contains(faults, fault => $"{fault}".StartsWith(place, StringComparison.Ordinal) && fault.Message.Contains(message, StringComparison.Ordinal));
    }

    [Fact]
    public void Rule_escalates_upwards_only() =>
        Assert.Contains(AlertRulesReader.Read(Example).Faults, fault => fault.Message.Contains("higher severity", StringComparison.Ordinal));

    [Fact]
    public void Rule_holds_only_after_its_time_and_begins_anew_when_it_did_not_hold()
    {
        var (rules, _) = AlertRulesReader.Read("alerts: 1\nrules: [{name: quiet, signal: site-connected, below: 1, for: 10m, runbook: docs/x}]");
        var (board, watch, site) = (new FactBoard(), new RuleWatch(s_start), Subject.Of(("site", "north")));

        Assert.False(Look(0, 0));
        Assert.False(Look(9, 0));
        Assert.True(Look(10, 0));
        Assert.False(Look(11, 1));
        Assert.False(Look(12, 0));
        Assert.True(Look(22, 0));

        bool Look(int minute, double number)
        {
            board.Take(new Fact(MonitoredSignal.SiteConnected, site, s_start.AddMinutes(minute), number));
            return watch.Look(rules!, board, [], s_start.AddMinutes(minute)).Holding.ContainsKey(new AlertKey("quiet", site));
        }
    }

    [Fact]
    public void Silence_is_that_of_each_subject_since_its_last_event_whenever_the_coordinator_was_started()
    {
        var (rules, _) = AlertRulesReader.Read("alerts: 1\nrules: [{name: mute, signal: served-rows, silent-for: 48h, runbook: docs/x}]");
        var (board, watch) = (new FactBoard(), new RuleWatch(s_start.AddHours(47)));
        Assert.Equal([], Mute(48));
        Assert.Equal([""], Mute(95)); // nothing was told of any: since the start
        foreach (var (site, hour) in new[] { ("north", 0), ("south", 30), ("west", 0), ("east", 40) })
            board.Take(new Fact(MonitoredSignal.ServedRows, Of(site), s_start.AddHours(hour), 100));
        board.ExpectNoMore(Subject.Of(("site", "west"))); // has left

        Assert.Equal(["north"], Mute(48));
        Assert.Equal(["north", "south"], Mute(78));
        board.Take(new Fact(MonitoredSignal.ServedRows, Of("north"), s_start.AddHours(78), 100));
        Assert.Equal(["south"], Mute(79));
        Assert.Equal([new AlertKey("mute", Of("north"))], watch.Look(rules!, board, [new("mute", Of("north")), new("mute", Of("unheard"))], s_start.AddHours(79)).Over);

        Subject Of(string site) => Subject.Of(("line", "heart"), ("site", site), ("version", "1.0.0"));

        IEnumerable<string> Mute(int hour) => watch.Look(rules!, board, [], s_start.AddHours(hour)).Holding.Keys.Where(key => key.Rule == "mute").Select(key => key.Subject["site"] ?? "").Order(StringComparer.Ordinal);
    }

    [Fact]
    public void Change_is_held_against_the_greatest_level_of_the_window()
    {
        var (rules, _) = AlertRulesReader.Read("alerts: 1\noff: [auroc-fell]\nrules: [{name: fell, signal: auroc, falls-by: 0.05, within: 24h, runbook: docs/x}]");
        var (board, watch, study) = (new FactBoard(), new RuleWatch(s_start), Subject.Of(("study", "heart")));

        Assert.Equal([false, false, true, true, false], new[] { (0, 0.80), (1, 0.78), (2, 0.70), (3, 0.70), (40, 0.70) }.Select(step =>
        {
            board.Take(new Fact(MonitoredSignal.Auroc, study, s_start.AddHours(step.Item1), step.Item2));
            return watch.Look(rules!, board, [], s_start.AddHours(step.Item1)).Holding.ContainsKey(new AlertKey("fell", study));
        }));
    }

    [Fact]
    public void Fall_of_a_runs_AUROC_or_of_its_R_squared_holds_whichever_it_has()
    {
        var (board, watch, study) = (new FactBoard(), new RuleWatch(s_start), Subject.Of(("study", "heart")));
        foreach (var signal in (MonitoredSignal[])[MonitoredSignal.Auroc, MonitoredSignal.RSquared])
        {
            board.Take(new Fact(signal, study, s_start, 0.6));
            board.Take(new Fact(signal, study, s_start.AddHours(1), 0.57));
        }

        Assert.DoesNotContain(watch.Look(BuiltInRules.Alone, board, [], s_start.AddHours(1)).Holding.Keys, key => key.Rule.EndsWith("-fell", StringComparison.Ordinal));
        board.Take(new Fact(MonitoredSignal.RSquared, study, s_start.AddHours(2), 0.54));
        Assert.Equal([new AlertKey("r-squared-fell", study)], watch.Look(BuiltInRules.Alone, board, [], s_start.AddHours(2)).Holding.Keys.Where(key => key.Rule.EndsWith("-fell", StringComparison.Ordinal)));
        board.Take(new Fact(MonitoredSignal.Auroc, study, s_start.AddHours(3), 0.5));
        Assert.Contains(new AlertKey("auroc-fell", study), watch.Look(BuiltInRules.Alone, board, [], s_start.AddHours(3)).Holding.Keys);
    }

    [Fact]
    public void Absence_is_counted_from_the_last_fact_and_from_the_start()
    {
        var (rules, _) = AlertRulesReader.Read("alerts: 1\nrules: [{name: idle, signal: run-failed, where: {study: heart}, silent-for: 24h, runbook: docs/x}]");
        var (board, watch, study) = (new FactBoard(), new RuleWatch(s_start), Subject.Of(("study", "heart")));

        Assert.False(Holds(23));
        Assert.True(Holds(24));
        board.Take(new Fact(MonitoredSignal.RunFailed, study, s_start.AddHours(25), 0));
        Assert.False(Holds(26));
        Assert.True(Holds(49));

        bool Holds(int hour) => watch.Look(rules!, board, [], s_start.AddHours(hour)).Holding.ContainsKey(new AlertKey("idle", study));
    }

    [Fact]
    public void Alert_about_a_subject_of_which_nothing_is_known_stays()
    {
        var key = new AlertKey("run-failed", Subject.Of(("study", "heart")));

        Assert.Empty(new RuleWatch(s_start).Look(BuiltInRules.Alone, new FactBoard(), [key], s_start).Over);
    }

    [Fact]
    public void Every_built_in_rule_has_a_section_of_the_runbooks_and_a_row_of_the_reference()
    {
        var (runbooks, reference) = (File.ReadAllText(Docs("how-to/runbooks.md")), File.ReadAllText(Docs("reference/alerts.md")));

        Assert.All(BuiltInRules.All, rule =>
        {
            Assert.Contains($"\n## {rule.Name}\n", runbooks, StringComparison.Ordinal);
            Assert.Contains($"| `{rule.Name}` | `{rule.Signal.Name}` | {RuleWords.Of(rule)} | {rule.Severity.ToString().ToLowerInvariant()} |", reference, StringComparison.Ordinal);
        });
        Assert.All(MonitoredSignal.All, signal => Assert.Contains($"| `{signal.Name}` | {string.Join(", ", signal.Labels)} | {signal.Meaning} |", reference, StringComparison.Ordinal));
    }

    [Fact]
    public void Published_schema_is_that_of_the_reader()
    {
        var (file, schema) = (Docs("reference/alerts.schema.json"), AlertRulesReader.Schema().ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true }) + "\n");
        if (Environment.GetEnvironmentVariable("FCML_REGENERATE") == "1")
            File.WriteAllText(file, schema);

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(File.ReadAllText(file)), JsonNode.Parse(schema)), "docs/reference/alerts.schema.json is of another version: run this test with FCML_REGENERATE=1.");
    }

    private static string Docs(string page, [CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "../../../docs", page);
}
