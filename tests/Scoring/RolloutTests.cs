using CsCheck;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.SiteAgent.Scoring;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Scoring;

public sealed class RolloutTests
{
    private const string AnyRows = "guard: {bad-rows: 1}\n"; // most of the rows here lack something or are implausible

    private static readonly Entry s_first = Models.Entry(1);
    private static readonly Entry s_second = Models.Entry(2);
    private static readonly Entry s_third = Models.Entry(3);

    private static readonly Gen<string> s_pseudonym = Gen.String[Gen.Char.AlphaNumeric, 1, 40];
    private static readonly Gen<Sha256Digest> s_model = Gen.Byte.Array[32].Select(bytes => new Sha256Digest(bytes));

    [Fact]
    public void Share_that_grows_keeps_those_who_are_in() =>
        Gen.Select(s_pseudonym, s_model, Gen.Int[0, 100], Gen.Int[0, 100]).Sample((pseudonym, model, one, other) =>
            Assert.True(!RolloutShare.Holds("heart", model, pseudonym, Math.Min(one, other)) || RolloutShare.Holds("heart", model, pseudonym, Math.Max(one, other))), iter: 5000);

    [Fact]
    public void Share_of_nothing_holds_nobody_and_of_all_everybody() =>
        Gen.Select(s_pseudonym, s_model).Sample((pseudonym, model) => Assert.True(!RolloutShare.Holds("heart", model, pseudonym, 0) && RolloutShare.Holds("heart", model, pseudonym, 100)), iter: 2000);

    // 20,000 patients: six standard deviations of a share of 1/4 or 1/16 are below 0.02.
    [Theory]
    [InlineData("a", "b", 1, 1)]
    [InlineData("a", "a", 1, 2)]
    public void Shares_are_even_and_those_of_two_lines_or_candidates_are_independent(string line, string other, byte model, byte otherModel)
    {
        const int Patients = 20_000;
        var (one, two) = (new Sha256Digest([.. Enumerable.Repeat(model, 32)]), new Sha256Digest([.. Enumerable.Repeat(otherModel, 32)]));
        var (inOne, inBoth) = (0, 0);
        for (var i = 0; i < Patients; i++)
        {
            var isIn = RolloutShare.Holds(line, one, $"patient-{i}", 25);
            inOne += isIn ? 1 : 0;
            inBoth += isIn && RolloutShare.Holds(other, two, $"patient-{i}", 25) ? 1 : 0;
        }

        Assert.InRange((double)inOne / Patients, 0.23, 0.27);
        Assert.InRange((double)inBoth / Patients, 0.05, 0.075);
    }

    [Fact]
    public async Task Canary_answers_the_patients_of_its_share_and_keeps_them_as_it_grows()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first, s_second]);
        var before = new HashSet<int>();
        foreach (var percent in new[] { 5, 25, 50, 100 })
        {
            site.Shelve(Site.Line(s_first, candidate: s_second, mode: RolloutMode.Canary, percent: percent));
            var answered = new HashSet<int>();
            for (var i = 0; i < 60; i++)
            {
                var answer = await site.ScoreAsync($"p{i}");
                var isCanary = answer["mode"]!.GetValue<string>() == "canary";
                Assert.Equal((isCanary ? s_second : s_first).Expected(60, 140, 2)!.Value, answer["score"]!.GetValue<double>(), 1e-6);
                Assert.Equal(RolloutShare.Holds("heart", s_second.Model, $"p{i}", percent), isCanary);
                if (isCanary)
                    answered.Add(i);
            }

            Assert.Superset(before, answered);
            before = answered;
        }

        Assert.Equal(60, before.Count);
    }

    [Fact]
    public async Task Both_arms_of_an_A_B_test_answer_their_patients_each_time_and_are_logged_by_mode()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first, candidate: s_second, mode: RolloutMode.Ab, percent: 50), [s_first, s_second]);
        for (var i = 0; i < 120; i++)
            await site.ScoreAsync($"p{i % 60}");

        var logged = await site.PredictionsAsync();
        Assert.Equal(120, logged.Count);
        Assert.All(logged, item =>
        {
            var isCandidate = RolloutShare.Holds("heart", s_second.Model, item.Patient, 50);
            Assert.Equal(isCandidate ? ("ab", s_second.Model, "3.0.0") : ("production", s_first.Model, "2.0.0"), (item.Mode, item.Model, item.Version.ToString()));
            Assert.Equal((isCandidate ? s_second : s_first).Expected(60, 140, 2)!.Value, item.Score.Value, 1e-6);
        });
        Assert.Equal(["ab", "production"], logged.Select(item => item.Mode).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Shadow_never_changes_an_answer_and_is_logged()
    {
        await using var with = await Site.StartAsync(Site.Line(s_first, candidate: s_second), [s_first, s_second], AnyRows);
        await using var without = await Site.StartAsync(Site.Line(s_first), [s_first], AnyRows);
        var row = Gen.Select(Gen.Double[0, 120], Gen.Double[50, 270], Gen.Int[0, 4], s_pseudonym);
        await row.SampleAsync(async item =>
        {
            var (age, pressure, pain, pseudonym) = item;
            var (one, other) = (await with.ScoreAsync(pseudonym, age, pressure, pain), await without.ScoreAsync(pseudonym, age, pressure, pain));
            one.Remove("prediction");
            other.Remove("prediction");
            Assert.Equal(other.ToJsonString(), one.ToJsonString());
        }, iter: 200, threads: 1);

        var logged = await with.PredictionsAsync();
        var (answers, shadows) = (logged.Where(item => item.Mode == "production").ToDictionary(item => item.Id), logged.Where(item => item.Mode == "shadow").ToList());
        Assert.Equal(200, answers.Count);
        Assert.Equal(200, shadows.Count);
        Assert.All(shadows, shadow => Assert.Equal(answers[shadow.Id].Patient, shadow.Patient));
        Assert.All(shadows, shadow => Assert.Equal(s_second.Model, shadow.Model));
        Assert.Contains(shadows, shadow => Math.Abs(shadow.Score.Value - answers[shadow.Id].Score.Value) > 1e-3);
        Assert.All(await without.PredictionsAsync(), item => Assert.Equal("production", item.Mode));
    }

    [Fact]
    public async Task Blue_green_answers_nobody_and_then_everybody_without_a_load()
    {
        var loads = 0;
        await using var site = await Site.StartAsync(
            Site.Line(s_first, candidate: s_second, mode: RolloutMode.BlueGreen, percent: 0), [s_first, s_second], open: (onnx, study) =>
            {
                loads++;
                return OnnxSession.Open(onnx, study);
            });
        Assert.Equal("production", (await site.ScoreAsync("p1"))["mode"]!.GetValue<string>());
        site.Shelve(Site.Line(s_first, candidate: s_second, mode: RolloutMode.BlueGreen, percent: 100));

        Assert.Equal("blue-green", (await site.ScoreAsync("p1"))["mode"]!.GetValue<string>());
        Assert.Equal(2, loads);
    }

    [Fact]
    public async Task Rollback_is_a_new_shelf_and_loads_nothing()
    {
        var loads = 0;
        await using var site = await Site.StartAsync(Site.Line(s_first, fallback: s_third), [s_first, s_third], open: (onnx, study) =>
        {
            loads++;
            return OnnxSession.Open(onnx, study);
        });
        site.Shelve(new ShelfLine("heart", 2, null, ServedModels.Of(new ServedVersion(new ModelVersion(1, 0, 0), s_third.Model), null, null)));

        Assert.Equal("1.0.0", (await site.ScoreAsync("p1"))["version"]!.GetValue<string>());
        Assert.Equal(2, loads);
    }
}
