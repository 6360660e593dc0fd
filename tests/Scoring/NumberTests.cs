using System.Globalization;
using System.Text.Json.Nodes;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.SiteAgent.Scoring;
using Microsoft.Extensions.DependencyInjection;

namespace FederatedClinicalMl.Tests.Scoring;

/// <summary>Models of a number: what they answer, and what is made of what came.</summary>
public sealed class NumberTests
{
    private const string Soon = "guard: {least-outcomes: 40}\n";

    private static readonly Entry s_number = Models.Entry(study: Models.NumberStudy(), error: 3);
    private static readonly Entry s_other = Models.Entry(study: Models.NumberStudy(seed: 2), error: 3);
    private static readonly Entry s_hours = Models.Entry(study: Models.NumberStudy(unit: "h"), error: 3);
    private static readonly Entry s_score = Models.Entry(1);

    [Fact]
    public async Task Answer_is_the_number_of_the_managed_path_in_its_unit_and_no_probability()
    {
        await using var site = await Site.StartAsync(Site.Line(s_number), [s_number]);
        var answer = await site.ScoreAsync("p1", age: 71.5, pressure: 150, pain: 3);

        Assert.Equal(s_number.Expected(71.5, 150, 3)!.Value, answer["value"]!.GetValue<double>(), 1e-4);
        Assert.Equal("d", answer["unit"]!.GetValue<string>());
        Assert.Equal((null, null, null), (answer["score"], answer["operatingPoint"], answer["reason"]));
        var predicts = (await site.GetAsync("/v1/models/heart"))["versions"]![0]!["predicts"]!;
        Assert.Equal("""{"outcome":"stay","unit":"d","range":[0,30]}""", predicts.ToJsonString());
    }

    [Fact]
    public async Task Row_without_a_value_that_must_be_there_has_no_number_and_says_why()
    {
        await using var site = await Site.StartAsync(Site.Line(s_number), [s_number]);
        var answer = await site.ScoreAsync("p1", pressure: null);

        Assert.Equal((null, null, null), (answer["value"], answer["unit"], answer["score"]));
        Assert.Equal("missing", answer["reason"]!["code"]!.GetValue<string>());
    }

    [Fact]
    public async Task Answer_of_a_probability_says_no_number()
    {
        await using var site = await Site.StartAsync(Site.Line(s_score), [s_score]);
        var answer = await site.ScoreAsync("p1");

        Assert.NotNull(answer["score"]);
        Assert.Equal((null, null), (answer["value"], answer["unit"]));
    }

    [Fact]
    public async Task Document_has_both_forms_of_an_answer_and_outcomes_that_are_numbers()
    {
        await using var site = await Site.StartAsync(Site.Line(s_number), [s_number]);
        var schemas = (await site.GetAsync("/openapi/v1.json"))["components"]!["schemas"]!;

        Assert.All(["score", "value"], name => Assert.Contains("number", schemas["ScoreAnswer"]!["properties"]![name]!["type"]!.AsArray().Select(type => type!.GetValue<string>())));
        Assert.Contains("string", schemas["ScoreAnswer"]!["properties"]!["unit"]!["type"]!.AsArray().Select(type => type!.GetValue<string>()));
        Assert.Null(schemas["ScoreAnswer"]!["properties"]!["given"]);
        Assert.Contains("number", schemas["OutcomeCall"]!["properties"]!["outcome"]!["type"]!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Log_keeps_the_number_and_its_unit_over_a_restart()
    {
        await using var site = await Site.StartAsync(Site.Line(s_number), [s_number]);
        var answer = await site.ScoreAsync("p1");
        await site.ScoreAsync("p2", pressure: null);
        await site.PredictionsAsync();
        await site.EndAsync();
        await site.RunAsync();

        var logged = await site.PredictionsAsync();
        Assert.Equal((answer["value"]!.GetValue<double>(), "d"), (logged[0].Score.Value, logged[0].Score.Unit));
        Assert.Equal((true, "d", "missing"), (logged[1].Score.IsNone, logged[1].Score.Unit, logged[1].Reason));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Shadow_of_another_kind_is_logged_by_its_own_and_learns_nothing_of_outcomes_of_the_other(bool isNumberInTheShadow)
    {
        var (production, candidate) = isNumberInTheShadow ? (s_score, s_number) : (s_number, s_score);
        await using var site = await Site.StartAsync(Site.Line(production, candidate: candidate), [production, candidate], Soon);
        var answer = await site.ScoreAsync("p1");
        var logged = await site.PredictionsAsync();
        await Tell(site, One("p1", answer, 1)); // which both could have

        Assert.Equal(2, logged.Count);
        foreach (var (mode, entry) in new[] { ("production", production), ("shadow", candidate) })
        {
            var score = Assert.Single(logged, prediction => prediction.Mode == mode).Score;
            Assert.Equal(entry == s_number ? "d" : null, score.Unit);
            Assert.Equal(entry.Expected(60, 140, 2)!.Value, score.Value, 1e-4);
        }

        var desk = site.Services.GetRequiredService<PredictionDesk>();
        Assert.Equal(production.Model, Assert.Single(desk.Log.ReadOutcomes(new DateOnly(2026, 11, 26))).Model);
    }

    [Fact]
    public async Task Shadow_in_another_unit_learns_nothing_of_the_outcome_and_one_in_the_same_does()
    {
        await using var site = await Site.StartAsync(Site.Line(s_number, candidate: s_hours), [s_number, s_hours, s_other], Soon);
        var first = await site.ScoreAsync("p1");
        await site.PredictionsAsync();
        site.Shelve(Site.Line(s_number, candidate: s_other, order: 2));
        var second = await site.ScoreAsync("p2");
        await site.PredictionsAsync();
        await Tell(site, One("p1", first, 4), One("p2", second, 5.5));

        var outcomes = site.Services.GetRequiredService<PredictionDesk>().Log.ReadOutcomes(new DateOnly(2026, 11, 26)).ToList();
        Assert.Equal([(s_number.Model, 4), (s_number.Model, 5.5), (s_other.Model, 5.5)], outcomes.Select(outcome => (outcome.Model, outcome.Came)));
    }

    [Theory]
    [InlineData(true, 30.5, "stay, a number from 0 to 30 (d)")]
    [InlineData(true, -1, "stay, a number from 0 to 30 (d)")]
    [InlineData(false, 2, "0 or 1")]
    [InlineData(false, 0.5, "0 or 1")]
    public async Task Outcome_that_cannot_come_is_refused_with_all_of_its_call_and_loses_nothing(bool isNumber, double came, string says)
    {
        var entry = isNumber ? s_number : s_score;
        await using var site = await Site.StartAsync(Site.Line(entry), [entry]);
        var (first, second) = (await site.ScoreAsync("p1"), await site.ScoreAsync("p2"));
        var refused = await site.PostAsync("/v1/models/heart/outcomes", Call(One("p1", first, 1), One("p2", second, came)), status: 400);
        await site.PostAsync("/v1/models/heart/outcomes", Call(One("nobody", second, came)), status: 400);

        Assert.Contains($"'outcome' of item 2 must be {says}", refused["detail"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("""{"joined":2,"known":0,"unknown":0}""", (await Tell(site, One("p1", first, 1), One("p2", second, 0))).ToJsonString());
    }

    [Fact]
    public async Task Outcome_of_a_version_that_has_left_the_shelf_is_held_against_what_it_was()
    {
        await using var site = await Site.StartAsync(Site.Line(s_number), [s_number, s_score]);
        var answer = await site.ScoreAsync("p1");
        await site.PredictionsAsync();
        site.Shelve(Site.Line(s_score, order: 2));

        Assert.Equal("""{"joined":1,"known":0,"unknown":0}""", (await Tell(site, One("p1", answer, 12))).ToJsonString());
        await site.EndAsync();
        await site.RunAsync();
        Assert.Equal("""{"joined":0,"known":1,"unknown":0}""", (await Tell(site, One("p1", answer, 12))).ToJsonString());
    }

    [Fact]
    public async Task Outcome_that_was_taken_while_its_version_was_away_and_cannot_come_teaches_it_nothing()
    {
        await using var site = await Site.StartAsync(Site.Line(s_number), [s_number, s_score], Soon);
        var answer = await site.ScoreAsync("p0");
        await site.PredictionsAsync();
        site.Shelve(Site.Line(s_score, order: 2));
        await Tell(site, One("p0", answer, 1000));
        site.Shelve(Site.Line(s_number, order: 3));
        await site.EndAsync();
        await site.RunAsync(); // takes up what was joined before

        var told = new List<JsonObject>();
        for (var i = 1; i <= 40; i++)
        {
            var next = await site.ScoreAsync($"p{i}");
            told.Add(One($"p{i}", next, next["value"]!.GetValue<double>()));
        }

        Assert.Equal(40, (await Tell(site, [.. told]))["joined"]!.GetValue<int>());
        Assert.Null(site.WithdrawalOf(s_number));
    }

    [Fact]
    public async Task Version_whose_errors_have_grown_beyond_its_evaluation_is_taken_out_and_the_fallback_answers_also_after_a_restart()
    {
        await using var site = await Site.StartAsync(Site.Line(s_other, s_number), [s_number, s_other], Soon);
        for (var batch = 0; batch < 2; batch++)
        {
            var told = new List<JsonObject>();
            for (var i = 0; i < 60; i++)
            {
                var answer = await site.ScoreAsync($"p{i}", 18 + (i * 1.4), 100 + (i * 37 % 100));
                var value = answer["value"]!.GetValue<double>();
                var off = batch == 0 ? 2.8 : 7; // the reference is 3
                told.Add(One($"p{i}", answer, Math.Clamp(value + (i % 2 == 0 ? off : -off), 0, 30)));
            }

            await Tell(site, [.. told]);
            Assert.Equal(batch == 0 ? null : WithdrawalReason.Performance, site.WithdrawalOf(s_other)?.Reason);
            if (batch > 0)
                break;
            await site.EndAsync(); // what came before is taken up again
            await site.RunAsync();
        }

        Assert.Equal("fallback", (await site.ScoreAsync("p1"))["mode"]!.GetValue<string>());
        await site.EndAsync();
        await site.RunAsync();
        Assert.Equal("fallback", (await site.ScoreAsync("p1"))["mode"]!.GetValue<string>());
    }

    [Fact]
    public async Task Report_of_a_day_has_predictions_by_cell_and_errors_by_subgroup_over_restarts()
    {
        var entry = Models.Entry(study: Models.NumberStudy(subgroups: ", subgroups: [{feature: age, bands: [40, 65]}, {feature: pain}]"));
        await using var site = await Site.StartAsync(Site.Line(entry, candidate: s_score), [entry, s_score]);
        var young = await site.ScoreAsync("p1", age: 39.5, pain: 3);
        var unknown = await site.ScoreAsync("p2", age: 4000, pain: null);
        await site.ScoreAsync("p3", pressure: null);
        await site.PredictionsAsync();
        await Tell(site, One("p1", young, 3));
        await site.EndAsync();
        await site.RunAsync();
        await Tell(site, One("p2", unknown, 12.5));
        await site.EndAsync();

        var report = DayReport.Read(
            File.ReadAllBytes(Path.Join(site.Serving, ServingPaths.Report("heart", ModelVersion.Parse("2.0.0"), new DateOnly(2026, 11, 26)))), entry.Model, entry.Study, StudyDrift.SketchDesignOf(entry.Study)!.Basis);
        var (first, second) = (young["value"]!.GetValue<double>(), unknown["value"]!.GetValue<double>());
        Assert.Equal((2, 1), (report.Answered, report.UnscoredMissing));
        Assert.Equal(RegressionSums.Of(0, 30, [3, 12.5], [first, second]), report.OutcomeErrors);
        Assert.Equal([1L, 0, 0, 1], report.SubgroupErrors!.Groups(0).Select(group => group.Count));
        Assert.Equal(RegressionSums.Of(0, 30, [12.5], [second]), report.SubgroupErrors.Groups(1)[3]);
        var cells = new long[64];
        cells[(int)(first / 30 * 64)]++;
        cells[(int)(second / 30 * 64)]++;
        Assert.Equal(cells, report.Scores.ToArray());
        var shadow = JsonNode.Parse(File.ReadAllText(Path.Join(site.Serving, ServingPaths.Report("heart", ModelVersion.Parse("3.0.0"), new DateOnly(2026, 11, 26)))))!;
        Assert.Equal(3, shadow["shadow"]!.GetValue<int>());
        Assert.NotNull(shadow["outcomes"]!["negatives"]);
    }

    [Theory]
    [InlineData(0.0, 1.0, 2.0, null)] // as good as its reference, without bias
    [InlineData(0.0, 1.0, 1.0, WithdrawalReason.Performance)]
    [InlineData(1.5, 1.0, 2.0, WithdrawalReason.Calibration)]
    [InlineData(-1.5, 1.0, 2.0, WithdrawalReason.Calibration)]
    [InlineData(1.5, 3.0, double.NaN, null)] // no reference is known
    public void Numbers_beyond_the_bounds_are_told(double shift, double spread, double reference, WithdrawalReason? expected)
    {
        var window = OutcomeWindow.Of(GuardBounds.Default, s_number.Study);
        var random = DeterministicRandom.Of("numbers");
        for (var i = 0; i < 2000; i++)
        {
            var prediction = 10 + (10 * random.NextDouble());
            window.Add(prediction, prediction + shift + (spread * 8 * (random.NextDouble() - 0.5))); // MAE 2 without a shift
        }

        Assert.Equal(expected, window.Verdict(double.IsNaN(reference) ? null : reference));
    }

    [Fact]
    public void Numbers_too_few_tell_nothing()
    {
        var window = OutcomeWindow.Of(GuardBounds.Default, s_number.Study);
        for (var i = 0; i < 49; i++)
            window.Add(5, 25);
        Assert.Equal((null, null), (window.Quality(), window.Verdict(1)));
        window.Add(5, 25);
        Assert.Equal(20, window.Quality()!.Value.Value, 1e-9);
        Assert.Equal(WithdrawalReason.Calibration, window.Verdict(1));
    }

    [Theory]
    [InlineData(4.23456f, "d", "4.235 d")]
    [InlineData(7f, "1", "7")]
    [InlineData(151234f, "10*9/L", "151200 10*9/L")]
    [InlineData(0.000012345f, "1", "0.00001234")] // float32: 0.0000123449998
    [InlineData(-3f, "Cel", "-3 Cel")]
    public void Number_for_people_has_four_significant_digits_and_its_unit(float number, string unit, string expected) => Assert.Equal(expected, ModelScore.OfNumber(number, unit).Text);

    [Fact]
    public async Task Card_says_what_is_predicted_with_its_unit_and_is_no_alarm()
    {
        await using var site = await Site.StartAsync(Site.Line(s_number), [s_number]);
        var line = site.Services.GetRequiredService<ServingShelf>().Lines["heart"];
        var answer = new ScoreAnswer { Prediction = PredictionLog.NewId(site.Time.GetUtcNow()), Given = ModelScore.OfNumber(4.23456f, "d"), Version = "2.0.0", Mode = "production" };
        var (card, without) = (CardApi.CardOf(line, answer), CardApi.CardOf(line, answer with { Given = ModelScore.None("d"), Reason = NoScore.NotComputable }));

        Assert.Equal(("Predicted stay: 4.235 d - A study for tests", "info"), (card.Summary, card.Indicator));
        Assert.DoesNotContain("Operating point", card.Detail, StringComparison.Ordinal);
        Assert.Equal(("No score - A study for tests", "info"), (without.Summary, without.Indicator));
    }

    [Fact]
    public async Task Batch_has_a_column_of_predictions()
    {
        var lines = await BatchAsync(Site.Line(s_number));

        Assert.Equal("patient,prediction,version,prediction-id", lines[0]);
        Assert.Equal(s_number.Expected(60, 140, 2)!.Value, double.Parse(lines[1].Split(',')[1], CultureInfo.InvariantCulture), 1e-4);
        Assert.Contains(",2.0.0,", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("p1,,,", lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Batch_of_a_line_that_changes_its_kind_has_both_columns_and_each_row_one_of_them()
    {
        var lines = await BatchAsync(Site.Line(s_score, candidate: s_number, mode: RolloutMode.Canary, percent: 50));

        Assert.Equal("patient,score,prediction,version,prediction-id", lines[0]);
        for (var i = 0; i < 40; i++)
        {
            var fields = lines[i + 1].Split(',');
            var isCanary = RolloutShare.Holds("heart", s_number.Model, $"p{i}", 50);
            var expected = i == 1 ? ("", "", "") : (isCanary ? "" : Of(s_score), isCanary ? Of(s_number) : "", isCanary ? "3.0.0" : "2.0.0");
            Assert.Equal(expected, (Short(fields[1]), Short(fields[2]), fields[3]));
        }

        static string Of(Entry entry) => Short(((float)entry.Expected(60, 140, 2)!.Value).ToString("R", CultureInfo.InvariantCulture));

        static string Short(string number) => number.Length == 0 ? "" : double.Parse(number, CultureInfo.InvariantCulture).ToString("0.000", CultureInfo.InvariantCulture);
    }

    private static async Task<string[]> BatchAsync(ShelfLine line)
    {
        await using var site = await Site.StartAsync(line, [s_number, s_score]);
        var (input, output) = (Path.Join(site.Folder.Root, "in.csv"), Path.Join(site.Folder.Root, "out.csv"));
        File.WriteAllLines(input, ["patient,age,pressure,pain", .. Enumerable.Range(0, 40).Select(i => $"p{i},60,{(i == 1 ? "" : "140")},2")]);
        Assert.Equal(0, await CommandLine.RunAsync(["batch", "heart", "--in", input, "--out", output, "--data", site.Folder.Root]));
        return File.ReadAllLines(output);
    }

    private static JsonObject One(string patient, JsonObject answer, double came) => new() { ["patient"] = patient, ["prediction"] = answer["prediction"]!.GetValue<string>(), ["outcome"] = came };

    private static JsonObject Call(params JsonObject[] outcomes) => new() { ["outcomes"] = new JsonArray([.. outcomes]) };

    private static Task<JsonObject> Tell(Site site, params JsonObject[] outcomes) => site.PostAsync("/v1/models/heart/outcomes", Call(outcomes));
}
