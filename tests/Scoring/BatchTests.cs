using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.SiteAgent.Scoring;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace FederatedClinicalMl.Tests.Scoring;

public sealed class BatchTests
{
    private static readonly Entry s_first = Models.Entry(1);
    private static readonly Entry s_second = Models.Entry(2);
    private static readonly ScoringKey s_key = new([.. Enumerable.Range(0, 32).Select(i => (byte)i)]);
    private static readonly DateTimeOffset s_made = new(2026, 11, 26, 17, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Batch_gives_each_patient_the_score_and_version_that_a_call_gives()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first, candidate: s_second, mode: RolloutMode.Canary, percent: 50), [s_first, s_second]);
        var rows = Enumerable.Range(0, 5000).Select(i => (Patient: $"p{i}", Age: 20 + (i % 80), Pressure: i % 7 == 0 ? "" : i % 11 == 0 ? "?" : "140.5", Pain: 1 + (i % 4))).ToList();
        var (input, output) = (Path.Join(site.Folder.Root, "in.csv"), Path.Join(site.Folder.Root, "out.csv"));
        File.WriteAllLines(input, ["pain,other,patient,age,pressure", .. rows.Select(row => string.Create(CultureInfo.InvariantCulture, $"{row.Pain},\"x, y\",{row.Patient},{row.Age},{row.Pressure}"))]);

        Assert.Equal(0, await CommandLine.RunAsync(["batch", "heart", "--in", input, "--out", output, "--missing", "?", "--data", site.Folder.Root]));

        var lines = File.ReadAllLines(output);
        Assert.Equal("patient,score,version,prediction-id", lines[0]);
        Assert.Equal(rows.Count + 1, lines.Length);
        for (var i = 0; i < rows.Count; i++)
        {
            var fields = lines[i + 1].Split(',');
            var isCanary = RolloutShare.Holds("heart", s_second.Model, rows[i].Patient, 50);
            var expected = (isCanary ? s_second : s_first).Expected(rows[i].Age, rows[i].Pressure is "" or "?" ? double.NaN : 140.5, rows[i].Pain);
            Assert.Equal(rows[i].Patient, fields[0]);
            Assert.Equal(expected is null ? "" : isCanary ? "3.0.0" : "2.0.0", fields[2]);
            if (expected is { } score)
                Assert.Equal(score, double.Parse(fields[1], CultureInfo.InvariantCulture), 1e-6);
        }
    }

    [Theory]
    [InlineData("patient,age,pressure\np1,1,2\n", "in.csv:1", "one column 'pain'")]
    [InlineData("patient,age,pressure,pain\np1,1,2\n", "in.csv:2", "3 fields")]
    [InlineData("patient,age,pressure,pain\np1,secret,2,3\n", "in.csv:2", "age must hold a number")]
    [InlineData("patient,age,pressure,pain\n,1,2,3\n", "in.csv:2", "patient must have")]
    [InlineData("patient,age,pressure,pain\n\"secret,1,2,3\n", "in.csv:2", "does not end")]
    [InlineData("", "in.csv:0", "empty")]
    public async Task Batch_of_a_file_with_a_fault_says_where_without_a_value_and_writes_nothing(string text, string where, string says)
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first]);
        using var output = new MemoryStream();
        var fault = Assert.Throws<ScoringSetupException>(() => Score(site, text, output)).Message;

        Assert.StartsWith(where, fault, StringComparison.Ordinal);
        Assert.Contains(says, fault, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", fault, StringComparison.Ordinal);
        Assert.Equal(0, output.Length);
        Assert.Empty(Logs(site));
    }

    [Fact]
    public async Task Row_of_a_batch_is_logged_as_an_answer_and_joined_to_its_outcome()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first], "guard: {least-outcomes: 2}\n");
        var lines = Score(site, "patient,age,pressure,pain\np1,60,140,2\np2,60,,2\n");
        var (one, two) = (lines[0].Split(','), lines[1].Split(','));
        Assert.Equal(["p2", "", ""], two[..3]);

        var logged = await site.PredictionsAsync();
        Assert.Equal([one[3], two[3]], logged.Select(item => item.Id));
        Assert.All(logged, item => Assert.Equal(("batch", "heart", site.Time.GetUtcNow(), site.Time.GetUtcNow(), s_first.Model), (item.Mode, item.Line, item.Made, item.At, item.Model)));
        Assert.Equal(double.Parse(one[1], CultureInfo.InvariantCulture), logged[0].Score.Value, 1e-6);
        Assert.Equal(("missing", 1), (logged[1].Reason, logged[1].Missing));
        using var writer = new PredictionWriter(ScoringKey.Open(site.Folder, credentials: null));
        Assert.Equal(writer.FingerprintOf(s_first.Model, [60, 140, 2]).ToString(), logged[0].Fingerprint);

        var many = Score(site, "patient,age,pressure,pain\n" + string.Concat(Enumerable.Range(0, 60).Select(i => $"q{i},60,140,2\n")));
        Assert.Equal("""{"joined":1,"known":0,"unknown":0}""", (await TellAsync(site, One("p1", "prediction", one[3], 1))).ToJsonString());
        Assert.Equal("""{"joined":0,"known":1,"unknown":0}""", (await TellAsync(site, One("p1", "at", site.Time.GetUtcNow().ToString("O"), 1))).ToJsonString());
        var far = double.Parse(one[1], CultureInfo.InvariantCulture) > 0.5 ? 0 : 1;
        await TellAsync(site, [.. many.Select((line, i) => One($"q{i}", "prediction", line.Split(',')[3], i < 2 ? 1 - far : far))]);
        Assert.Equal(WithdrawalReason.Calibration, site.WithdrawalOf(s_first)!.Reason);
    }

    [Fact]
    public async Task Batch_is_counted_once_in_the_report_of_its_day_with_the_program_running_or_not()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first]);
        await site.ScoreAsync("p1");
        await site.PredictionsAsync();
        Score(site, "patient,age,pressure,pain\np2,60,140,2\np3,60,,2\np4,61,4000,2\np5,50,140,\n");
        site.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((3, 2), await CountedAsync(site));
        Assert.Empty(Directory.GetFiles(Path.Join(site.Folder.Root, BatchReports.Folder)));
        site.Time.Advance(TimeSpan.FromSeconds(61));
        await site.EndAsync();

        var own = new FileDisk(site.Folder.Root, ownerOnly: true);
        using (var shelf = new ServingShelf(ScoringConfiguration.ReadFile(site.Folder.Configuration), new FileDisk(site.Serving), new WithdrawalStore(new FileDisk(site.Serving), own, isReader: true), OnnxSession.Open, site.Time, NullLogger.Instance))
        {
            shelf.Prepare();
            shelf.Refresh();
            using var output = new MemoryStream();
            Score(own, ScoringKey.Open(site.Folder, credentials: null), site.Time.GetUtcNow(), shelf.Lines["heart"], "patient,age,pressure,pain\np6,60,140,2\n", output);
        }

        Assert.Equal((3, 2), await CountedAsync(site));
        await site.RunAsync();
        site.Time.Advance(TimeSpan.FromSeconds(1));
        await site.EndAsync();
        Assert.Equal((4, 2), await CountedAsync(site));
    }

    [Fact]
    public void Of_a_large_batch_every_row_is_counted_and_about_one_in_four_sketched()
    {
        var disk = new SimulatedDisk(1);
        using var model = Put(disk);
        var line = new ServingLine("heart", [], new WithdrawalStore(disk, disk), TimeProvider.System, NullLogger.Instance);
        line.Place(null, Rollout.Shadow, new ServedUnit(new ServedVersion(new ModelVersion(2, 0, 0), s_first.Model), model, null, GuardBounds.Default, TimeProvider.System), null, null);
        Score(disk, line, $"patient,age,pressure,pain\n{string.Concat(Enumerable.Range(0, OnnxSession.BatchRows + 10).Select(row => $"p{row},60,140,2\n"))}");

        var report = DayReport.Read(DurableFile.Read(disk, $"{BatchReports.Folder}/{Assert.Single(disk.List(BatchReports.Folder))}"), s_first.Model, s_first.Study, model.Sketched?.Basis);
        Assert.Equal(OnnxSession.BatchRows + 10, report.Answered);
        Assert.InRange(report.Sketch!.Count - 10, 700, 1400); // ten standard deviations about 1024; the few rows at the end are all sketched
    }

    // One disk for both folders; the program is killed at each of its operations, and once it runs on, all is counted once.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Batch_is_counted_once_wherever_the_program_is_killed(bool powerLoss)
    {
        for (var at = 1L; ; at++)
        {
            var disk = new SimulatedDisk((int)at);
            using var model = Put(disk);
            var line = new ServingLine("heart", [], new WithdrawalStore(disk, disk), TimeProvider.System, NullLogger.Instance);
            line.Place(null, Rollout.Shadow, new ServedUnit(new ServedVersion(new ModelVersion(2, 0, 0), s_first.Model), model, null, GuardBounds.Default, TimeProvider.System), null, null);
            for (var batch = 0; batch < 2; batch++)
                Score(disk, line, "patient,age,pressure,pain\np2,60,140,2\np3,60,150,2\n");
            var day = DateOnly.FromDateTime(s_made.UtcDateTime);
            var desk = Desk();
            desk.Count(new Prediction(PredictionLog.NewId(s_made), s_made, "heart", new ModelVersion(2, 0, 0), s_first.Model, "production", "p1", s_made, ModelScore.OfLogit(0.5f), null, TimeSpan.Zero, 0, 0) { Inputs = (model, [60, 140, 2]) });
            desk.Write(day);
            disk.CrashAt = disk.Operations + at;
            try
            {
                desk.TakeUp((_, _) => model, day);
                desk.Write(day);
                if (!disk.Crashed)
                {
                    Assert.True(at > 10);
                    return;
                }
            }
            catch (SimulatedCrash)
            {
            }

            disk.Restart(powerLoss);
            desk = Desk();
            desk.TakeUp((_, _) => model, day);
            desk.Write(day);
            var report = DayReport.Read(DurableFile.Read(disk, ServingPaths.Report("heart", new ModelVersion(2, 0, 0), day)), s_first.Model, s_first.Study, model.Sketched?.Basis);
            Assert.True((report.Answered, report.Sketch!.Count) == (5, 5), $"killed at {at}: {report.Answered} rows");
            Assert.DoesNotContain(disk.List(BatchReports.Folder), name => !name.EndsWith(DurableFile.TemporarySuffix, StringComparison.Ordinal));

            ReportDesk Desk()
            {
                var batches = new BatchReports(disk, disk);
                batches.Prepare();
                return new ReportDesk(disk, batches, NullLogger.Instance);
            }
        }
    }

    [Fact]
    public async Task Batch_that_cannot_be_logged_fails_and_gives_nothing_out()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first]);
        Directory.Delete(Path.Join(site.Folder.Root, "predictions"));
        File.WriteAllText(Path.Join(site.Folder.Root, "predictions"), ""); // no file can be opened in it
        Assert.Equal(4, await BatchAsync(site));
        Assert.False(File.Exists(Path.Join(site.Folder.Root, "out.csv")));
    }

    [Fact]
    public void Batch_whose_disk_fails_at_any_moment_says_so_and_is_in_no_log()
    {
        for (var at = 1L; ; at++)
        {
            var disk = new SimulatedDisk(1);
            using var model = Put(disk);
            var line = new ServingLine("heart", [], new WithdrawalStore(disk, disk), TimeProvider.System, NullLogger.Instance);
            line.Place(null, Rollout.Shadow, new ServedUnit(new ServedVersion(new ModelVersion(2, 0, 0), s_first.Model), model, null, GuardBounds.Default, TimeProvider.System), null, null);
            var failing = disk.Operations + at;
            disk.FailsAt = operation => operation == failing;
            if (Record.Exception(() => Score(disk, line, "patient,age,pressure,pain\np2,60,140,2\n")) is not { } fault)
            {
                Assert.True(at > 8);
                return;
            }

            Assert.Contains("cannot be logged", Assert.IsType<ScoringSetupException>(fault).Message, StringComparison.Ordinal);
            disk.FailsAt = null;
            var batches = new BatchReports(disk, disk);
            batches.Prepare();
            Assert.Empty(batches.Waiting());
            Assert.Empty(new PredictionLog(disk, s_key, 90).Days(PredictionLog.Predictions));
        }
    }

    [Fact]
    public void Batch_that_was_killed_is_in_no_log_and_goes_after_a_day()
    {
        var disk = new SimulatedDisk(1);
        using var killed = new BatchLog(disk, s_key, s_made);
        var (log, day) = (new PredictionLog(disk, s_key, 90), DateOnly.FromDateTime(s_made.UtcDateTime));
        Assert.Empty(log.Read(day));
        log.End(day.AddDays(1));
        Assert.Single(disk.List(PredictionLog.Predictions));
        log.End(day.AddDays(2));
        Assert.Empty(disk.List(PredictionLog.Predictions));
    }

    [Fact]
    public async Task Batch_leaves_wishes_to_resume_and_withdrawals_to_the_program()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first, s_second), [s_first, s_second]);
        Assert.Equal(0, await CommandLine.RunAsync(["stop", "heart", "--reason", "maintenance", "--data", site.Folder.Root]));
        site.Look();
        Assert.Equal(0, await CommandLine.RunAsync(["resume", "heart", "--data", site.Folder.Root]));
        Assert.Equal(1, await BatchAsync(site));
        Assert.NotNull(site.WithdrawalOf(s_first));
        site.Look();
        Assert.Null(site.WithdrawalOf(s_first));

        site.Put(s_first, changed: ModelFileNames.Onnx);
        Assert.Equal(0, await BatchAsync(site));
        Assert.Contains(",1.0.0", File.ReadAllLines(Path.Join(site.Folder.Root, "out.csv"))[1], StringComparison.Ordinal);
        Assert.Null(site.WithdrawalOf(s_first));
        Assert.Equal("2.0.0", (await site.ScoreAsync("p1"))["version"]!.GetValue<string>());
    }

    [Fact]
    public async Task Batch_of_a_line_that_is_stopped_is_refused()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first, stopped: "not now"), [s_first]);
        Assert.Equal(1, await CommandLine.RunAsync(["batch", "heart", "--in", site.Folder.Configuration, "--out", Path.Join(site.Folder.Root, "out.csv"), "--data", site.Folder.Root]));
        Assert.False(File.Exists(Path.Join(site.Folder.Root, "out.csv")));
    }

    private static IEnumerable<string> Logs(Site site) => Directory.GetFiles(Path.Join(site.Folder.Root, PredictionLog.Predictions));

    // As the command does, by the test's clock.
    private static string[] Score(Site site, string csv)
    {
        using var output = new MemoryStream();
        return Score(site, csv, output);
    }

    private static string[] Score(Site site, string csv, MemoryStream output) => Score(new FileDisk(site.Folder.Root, ownerOnly: true), ScoringKey.Open(site.Folder, credentials: null), site.Time.GetUtcNow(),
        site.Services.GetRequiredService<ServingShelf>().Lines["heart"], csv, output);

    private static string[] Score(IDisk disk, ServingLine line, string csv)
    {
        using var output = new MemoryStream();
        return Score(disk, s_key, s_made, line, csv, output);
    }

    private static string[] Score(IDisk disk, ScoringKey key, DateTimeOffset made, ServingLine line, string csv, MemoryStream output)
    {
        using var log = new BatchLog(disk, key, made);
        new BatchScorer(line, [], log, TimeProvider.System).Score(new MemoryStream(Encoding.UTF8.GetBytes(csv)), "in.csv", "patient", output);
        log.End();
        return Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static LoadedModel Put(SimulatedDisk disk)
    {
        disk.CreateDirectory(ServingPaths.Model(s_first.Model));
        foreach (var (name, bytes) in s_first.Files)
            DurableFile.Write(disk, $"{ServingPaths.Model(s_first.Model)}/{name}", bytes);
        return LoadedModel.Load(disk, s_first.Model, OnnxSession.Open);
    }

    private static async Task<(int Answered, int Missing)> CountedAsync(Site site)
    {
        var report = JsonNode.Parse(await File.ReadAllTextAsync(Path.Join(site.Serving, ServingPaths.Report("heart", new ModelVersion(2, 0, 0), DateOnly.FromDateTime(site.Time.GetUtcNow().UtcDateTime))), Site.Stop))!;
        return (report["answered"]!.GetValue<int>(), report["unscored"]!["missing"]!.GetValue<int>());
    }

    private static JsonObject One(string patient, string key, string value, int outcome) => new() { ["patient"] = patient, [key] = value, ["outcome"] = outcome };

    private static Task<JsonObject> TellAsync(Site site, params JsonObject[] outcomes) => site.PostAsync("/v1/models/heart/outcomes", new JsonObject { ["outcomes"] = new JsonArray([.. outcomes]) });

    private static async Task<int> BatchAsync(Site site)
    {
        var input = Path.Join(site.Folder.Root, "in.csv");
        await File.WriteAllTextAsync(input, "patient,age,pressure,pain\np1,60,140,2\n", Site.Stop);
        return await CommandLine.RunAsync(["batch", "heart", "--in", input, "--out", Path.Join(site.Folder.Root, "out.csv"), "--data", site.Folder.Root]);
    }
}
