using System.Text.Json.Nodes;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.SiteAgent.Scoring;
using Microsoft.Extensions.DependencyInjection;

namespace FederatedClinicalMl.Tests.Scoring;

public sealed class PredictionTests
{
    private const string Soon = "guard: {least-outcomes: 20}\n";

    private static readonly Entry s_first = Models.Entry(1);
    private static readonly Entry s_second = Models.Entry(2, auroc: 0.9);
    private static readonly byte[] s_key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    [Fact]
    public async Task Prediction_is_logged_with_all_that_is_said_of_it_and_again_after_a_restart()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first]);
        var answer = await site.ScoreAsync("p1", pain: null);
        await site.EndAsync();
        await site.RunAsync();
        await site.ScoreAsync("p2", pressure: null);

        var logged = await site.PredictionsAsync();
        Assert.Equal(2, logged.Count);
        Assert.Equal(answer["prediction"]!.GetValue<string>(), logged[0].Id);
        Assert.Equal(("heart", "production", "p1", s_first.Model, 1, 0), (logged[0].Line, logged[0].Mode, logged[0].Patient, logged[0].Model, logged[0].Missing, logged[0].Implausible));
        Assert.Equal(answer["score"]!.GetValue<double>(), logged[0].Score.Value, 1e-6);
        Assert.Equal(site.Time.GetUtcNow(), logged[0].Made);
        Assert.Equal("missing", logged[1].Reason);
        Assert.True(logged[1].Score.IsNone);
    }

    [Fact]
    public void Fingerprint_is_the_same_for_the_same_inputs_and_another_for_others_models_and_keys()
    {
        var (key, other) = (new ScoringKey(s_key), new ScoringKey([.. s_key.Reverse()]));
        using PredictionWriter with = new(key), withOther = new(other);
        var one = with.FingerprintOf(s_first.Model, [1, float.NaN]);
        Assert.Equal(one, with.FingerprintOf(s_first.Model, [1, float.NaN]));
        Assert.Equal(4, new[] { one, with.FingerprintOf(s_first.Model, [1, 2]), with.FingerprintOf(s_second.Model, [1, float.NaN]), withOther.FingerprintOf(s_first.Model, [1, float.NaN]) }.Distinct().Count());
    }

    [Fact]
    public async Task Days_that_were_kept_long_enough_are_deleted_and_no_others()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first]);
        await site.ScoreAsync("p1");
        await site.PredictionsAsync();
        site.Time.AdjustTime(site.Time.GetUtcNow().AddDays(90)); // without the ticks of each second
        await site.ScoreAsync("p1");
        await site.PredictionsAsync();
        Assert.Equal(2, Directory.GetFiles(Path.Join(site.Folder.Root, "predictions")).Length);
        site.Time.AdjustTime(site.Time.GetUtcNow().AddDays(1));
        site.Time.Advance(TimeSpan.FromHours(1));

        Assert.Equal("2027-02-24.log", Path.GetFileName(Assert.Single(Directory.GetFiles(Path.Join(site.Folder.Root, "predictions")))));
        await site.EndAsync();
        Assert.Contains("Deleted the predictions", site.OpenText(), StringComparison.Ordinal);
    }

    [Fact]
    public void Day_file_is_read_again_over_openings_and_any_changed_byte_is_noticed()
    {
        var disk = new SimulatedDisk(1);
        disk.CreateDirectory("d");
        foreach (var text in new[] { "one", "two", "three" })
        {
            using var file = DayFile.Open(disk, "d/x", s_key);
            file.Append(System.Text.Encoding.UTF8.GetBytes(text));
        }

        Assert.Equal(["one", "two", "three"], DayFile.Read(disk, "d/x", s_key).Select(System.Text.Encoding.UTF8.GetString));
        var bytes = DurableFile.Read(disk, "d/x");
        Assert.Throws<InvalidDataException>(() => DayFile.Read(disk, "d/x", [.. s_key.Reverse()]).ToList());
        for (var at = 0; at < bytes.Length; at++)
        {
            var changed = bytes.ToArray();
            changed[at] ^= 1;
            DurableFile.Write(disk, "d/y", changed);
            var read = Record.Exception(() => Assert.NotEqual(3, DayFile.Read(disk, "d/y", s_key).Count()));
            Assert.True(read is null or InvalidDataException, read?.ToString());
        }
    }

    [Fact]
    public void Day_file_that_a_crash_has_torn_goes_on_after_the_last_whole_group()
    {
        var disk = new SimulatedDisk(1);
        using (var file = DayFile.Open(disk, "x", s_key))
            file.Append("one"u8);
        var bytes = DurableFile.Read(disk, "x");
        for (var length = 0; length < bytes.Length; length++)
        {
            DurableFile.Write(disk, "y", bytes.AsSpan(0, length));
            using (var file = DayFile.Open(disk, "y", s_key))
                file.Append("two"u8);
            Assert.Equal(["two"], DayFile.Read(disk, "y", s_key).Select(System.Text.Encoding.UTF8.GetString));
        }
    }

    [Fact]
    public async Task Outcomes_join_by_prediction_and_by_time_once_and_never_of_another_patient()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first]);
        var one = await site.ScoreAsync("p1");
        site.Time.AdjustTime(site.Time.GetUtcNow().AddHours(30));
        await site.ScoreAsync("p1");
        var later = site.Time.GetUtcNow().ToString("O");

        Assert.Equal("""{"joined":1,"known":0,"unknown":1}""", (await Tell(site, One("p1", one, 1), One("p2", one, 1))).ToJsonString());
        Assert.Equal("""{"joined":1,"known":1,"unknown":1}""", (await Tell(site, One("p1", one, 0), At("p1", later), At("p1", "2026-11-26T16:59:59Z"))).ToJsonString());
        await site.EndAsync();
        await site.RunAsync();
        Assert.Equal("""{"joined":0,"known":2,"unknown":0}""", (await Tell(site, One("p1", one, 1), At("p1", later))).ToJsonString());

        static JsonObject At(string patient, string at) => new() { ["patient"] = patient, ["at"] = at, ["outcome"] = 0 };
    }

    [Fact]
    public async Task Predictions_are_shown_with_outcome_and_feedback_while_the_program_runs()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first]);
        var pseudonym = ScoringKey.Open(site.Folder, credentials: null).PseudonymOf("ehr-7");
        var (one, two) = (await site.ScoreAsync("p1"), await site.ScoreAsync(pseudonym, pressure: null));
        await Tell(site, One("p1", one, 1));
        await site.PostAsync("/cds-services/heart/feedback", new JsonObject
        {
            ["feedback"] = new JsonArray(new JsonObject { ["card"] = CardIds.UuidOf(two["prediction"]!.GetValue<string>()), ["outcome"] = "overridden" }),
        });
        await site.PredictionsAsync();

        var shown = JsonNode.Parse(Assert.Single(Show("p1", day: new DateOnly(2026, 11, 26), line: "heart", json: true)))!;
        Assert.Equal((one["prediction"]!.GetValue<string>(), "2.0.0", 1.0), (shown["prediction"]!.GetValue<string>(), shown["version"]!.GetValue<string>(), shown["outcome"]!.GetValue<double>()));
        Assert.Equal(one["score"]!.GetValue<double>(), shown["score"]!.GetValue<double>(), 1e-6);
        var text = Assert.Single(Show(ehrPatient: "ehr-7"));
        Assert.Contains("no score (missing)", text, StringComparison.Ordinal);
        Assert.EndsWith("; card overridden", text, StringComparison.Ordinal);
        Assert.Equal(2, Show().Length);
        Assert.Empty(Show(day: new DateOnly(2026, 11, 25)));
        Assert.Empty(Show(line: "other"));

        string[] Show(string? patient = null, string? ehrPatient = null, DateOnly? day = null, string? line = null, bool json = false)
        {
            using var said = new StringWriter();
            PredictionsCommand.Show(site.Folder, patient, ehrPatient, day, line, json, said);
            return said.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        }
    }

    [Fact]
    public async Task Outcome_by_time_reads_no_day_before_the_one_that_has_its_answer_and_finds_one_behind_a_later_look_back()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first]);
        await site.ScoreAsync("p1");
        await site.PredictionsAsync();
        site.Time.AdjustTime(site.Time.GetUtcNow().AddDays(1));
        var (before, later) = (await site.ScoreAsync("p1"), site.Time.GetUtcNow());
        await site.PredictionsAsync();
        site.Time.AdjustTime(later.AddDays(1));
        await site.PostAsync("/v1/models/heart/score", new JsonObject
        {
            ["patient"] = "p1", ["at"] = later.AddDays(-30).ToString("O"), ["features"] = new JsonObject { ["age"] = 60, ["pressure"] = 140, ["pain"] = 2 },
        });
        var oldest = Path.Join(site.Folder.Root, "predictions", "2026-11-26.log");
        File.WriteAllText(oldest, "not a day's file\n"); // whoever reads it fails

        Assert.Equal("""{"joined":1,"known":0,"unknown":0}""", (await Tell(site, new JsonObject { ["patient"] = "p1", ["at"] = later.AddDays(1).ToString("O"), ["outcome"] = 1 })).ToJsonString());
        Assert.Equal("""{"joined":0,"known":1,"unknown":0}""", (await Tell(site, One("p1", before, 1))).ToJsonString());
    }

    [Fact]
    public async Task Candidate_in_the_shadow_that_is_worse_than_production_is_withdrawn_by_its_outcomes()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first, candidate: s_second), [s_first, s_second], Soon);
        var answers = new List<JsonObject>();
        for (var i = 0; i < 200; i++)
            answers.Add(await site.ScoreAsync($"p{i}", 18 + (i * 0.45), 100 + (i * 37 % 100)));
        // Production tells everybody apart, and as many are positive as it says; the candidate knows nothing of it.
        var scores = answers.Select(answer => answer["score"]!.GetValue<double>()).ToArray();
        var least = scores.OrderDescending().ElementAt((int)scores.Sum());
        var told = answers.Select((answer, i) => One($"p{i}", answer, scores[i] > least ? 1 : 0)).ToList();
        await site.PredictionsAsync();
        await Tell(site, [.. told]);

        Assert.NotNull(site.WithdrawalOf(s_second));
        Assert.Equal("production", (await site.ScoreAsync("p"))["mode"]!.GetValue<string>());
    }

    [Fact]
    public async Task Version_that_was_resumed_is_judged_by_what_is_told_afterwards_over_restarts()
    {
        await using var site = await Site.StartAsync(Site.Line(s_second, s_first), [s_first, s_second], Soon);
        await TellHalf(100);
        Assert.NotNull(site.WithdrawalOf(s_second));
        Assert.Equal("fallback", (await site.ScoreAsync("p"))["mode"]!.GetValue<string>());
        Assert.Equal(0, await CommandLine.RunAsync(["resume", "heart", "--data", site.Folder.Root]));
        site.Time.Advance(TimeSpan.FromSeconds(1));

        await site.EndAsync();
        await site.RunAsync();
        site.Time.Advance(TimeSpan.FromSeconds(1));
        await TellHalf(30); // too few of each by themselves
        Assert.Null(site.WithdrawalOf(s_second));
        await site.EndAsync();
        await site.RunAsync();
        await TellHalf(30); // and with those before the restart enough
        Assert.NotNull(site.WithdrawalOf(s_second));

        // The same score for all, and every second of them positive: it tells nobody apart.
        async Task TellHalf(int rows)
        {
            var told = new List<JsonObject>();
            for (var i = 0; i < rows; i++)
            {
                var answer = await site.ScoreAsync($"p{i}");
                Assert.Equal("production", answer["mode"]!.GetValue<string>());
                told.Add(One($"p{i}", answer, i % 2));
            }

            await Tell(site, [.. told]);
        }
    }

    [Fact]
    public async Task Report_of_a_day_adds_up_what_was_predicted_over_restarts()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first, candidate: s_second), [s_first, s_second]);
        for (var i = 0; i < 12; i++)
            await site.ScoreAsync($"p{i}", age: 30 + i, pain: i % 2 == 0 ? 2 : null);
        await site.PredictionsAsync();
        await site.EndAsync();
        await site.RunAsync();
        var last = await site.ScoreAsync("p", age: 4000, pressure: null);
        var scored = await site.ScoreAsync("p0");
        await site.PredictionsAsync();
        await Tell(site, One("p0", scored, 1));
        await site.EndAsync();

        Assert.Null(last["score"]);
        var report = Report(site, "2.0.0");
        Assert.Equal((13, 0, 1), (report["answered"]!.GetValue<int>(), report["shadow"]!.GetValue<int>(), report["unscored"]!["missing"]!.GetValue<int>()));
        Assert.Equal(13, Sum(report["scores"]!));
        Assert.Equal((0, 1), (Sum(report["outcomes"]!["negatives"]!), Sum(report["outcomes"]!["positives"]!)));
        Assert.Equal(13, Sum(report["latency"]!));
        var (age, pain) = (report["features"]![0]!, report["features"]![2]!);
        Assert.Equal((13, 0, 0), (Sum(age["counts"]!), age["missing"]!.GetValue<int>(), age["implausible"]!.GetValue<int>()));
        Assert.Equal((7, 6), (pain["counts"]![1]!.GetValue<int>(), pain["missing"]!.GetValue<int>()));
        var shadow = Report(site, "3.0.0");
        Assert.Equal((14, 0, 0), (shadow["shadow"]!.GetValue<int>(), shadow["answered"]!.GetValue<int>(), Sum(shadow["scores"]!)));
        Assert.Equal(0, Sum(shadow["outcomes"]!["positives"]!)); // it was told of the answer
    }

    [Fact]
    public async Task Outcome_is_counted_in_the_subgroups_of_what_the_model_was_given_though_nobody_keeps_that()
    {
        var entry = Models.Entry(study: Models.Study(subgroups: ", subgroups: [{feature: age, bands: [40, 65]}, {feature: pain}]"));
        await using var site = await Site.StartAsync(Site.Line(entry), [entry]);
        var young = await site.ScoreAsync("p1", age: 39.5, pain: 3);
        var unknown = await site.ScoreAsync("p2", age: 4000, pain: null);
        await site.PredictionsAsync();
        await site.EndAsync();
        await site.RunAsync();
        var logged = await site.PredictionsAsync();
        await Tell(site, One("p1", young, 1));
        await Tell(site, One("p2", unknown, 0));
        await site.EndAsync();

        Assert.Equal([[0, 2], [3, 3]], logged.Select(prediction => prediction.Groups!.Value.ToArray()));
        var partitions = Report(site, "2.0.0")["subgroups"]!["partitions"]!;
        int[] Of(int partition, string kind) => [.. partitions[partition]!.AsArray().Select(group => Sum(group![kind]!))];
        Assert.Equal([1, 0, 0, 0], Of(0, "positives"));
        Assert.Equal([0, 0, 0, 1], Of(0, "negatives"));
        Assert.Equal([0, 0, 1, 0], Of(1, "positives"));
        Assert.Equal([0, 0, 0, 1], Of(1, "negatives"));
    }

    [Fact]
    public async Task Report_of_a_day_sketches_the_numbers_of_answered_rows_as_the_profile_of_training_rows_does()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first, candidate: s_second), [s_first, s_second]);
        await site.ScoreAsync("p1", age: 40, pressure: 140.7);
        await site.ScoreAsync("p2", age: 4000, pressure: 60); // implausible, and the least that is not
        await site.ScoreAsync("p3", pressure: null); // no score
        await site.PredictionsAsync();
        await site.EndAsync();

        var profile = StudyDrift.Profile(s_first.Study, new CohortRows([40, 140.7, 2, 4000, 60, 2], [0, 0], []));
        var sketch = FourierSketch.Read(Report(site, "2.0.0")["sketch"], StudyDrift.DesignOf(s_first.Study).Basis!, "sketch");
        Assert.Equal(2, sketch.Count);
        Assert.Equal(0, profile.Sketch!.BiasedDiscrepancy(sketch)!.Value, 1e-9); // float32 and float64
        Assert.Equal(0, Report(site, "3.0.0")["sketch"]!["count"]!.GetValue<int>()); // a shadow
    }

    [Fact]
    public async Task Report_that_cannot_be_read_is_said_once_a_day_and_left_as_it_is()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first]);
        var path = Path.Join(site.Serving, ServingPaths.Report("heart", ModelVersion.Parse("2.0.0"), new DateOnly(2026, 11, 26)));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "{}");
        for (var i = 0; i < 5; i++)
            await site.ScoreAsync($"p{i}");
        Assert.Equal(5, (await site.PredictionsAsync()).Count);
        await site.EndAsync();

        Assert.Equal("{}", File.ReadAllText(path));
        Assert.Equal(2, site.OpenText().Split("report.format is missing").Length);
    }

    [Fact]
    public async Task Disk_that_refuses_makes_the_program_unready_and_loses_nothing_once_it_gives_way()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first]);
        var folder = Path.Join(site.Folder.Root, "predictions");
        Directory.Delete(folder);
        File.WriteAllText(folder, ""); // no directory: nothing can be opened in it
        await site.ScoreAsync("p1");
        var desk = site.Services.GetRequiredService<PredictionDesk>();
        var flushed = desk.FlushAsync(Site.Stop);
        for (var i = 0; desk.Fault is null && i < 100_000; i++)
            await Task.Yield();
        await site.GetAsync("/health/ready", status: 503);
        File.Delete(folder);
        Directory.CreateDirectory(folder);
        while (!flushed.IsCompleted)
        {
            site.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Equal("p1", Assert.Single(await site.PredictionsAsync()).Patient);
        await site.GetAsync("/health/ready");
    }

    private static JsonNode Report(Site site, string version) =>
        JsonNode.Parse(File.ReadAllText(Path.Join(site.Serving, ServingPaths.FromScoring, "reports", "heart", version, "2026-11-26.json")))!;

    private static int Sum(JsonNode counts) => counts.AsArray().Sum(count => count!.GetValue<int>());

    private static JsonObject One(string patient, JsonObject answer, int outcome) => new() { ["patient"] = patient, ["prediction"] = answer["prediction"]!.GetValue<string>(), ["outcome"] = outcome };

    private static Task<JsonObject> Tell(Site site, params JsonObject[] outcomes) => site.PostAsync("/v1/models/heart/outcomes", new JsonObject { ["outcomes"] = new JsonArray([.. outcomes]) });
}
