using System.Text.Json.Nodes;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.SiteAgent.Scoring;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace FederatedClinicalMl.Tests.Scoring;

public sealed class GuardTests
{
    private static readonly Entry s_first = Models.Entry(1);
    private static readonly Entry s_second = Models.Entry(2);
    private static readonly Entry s_third = Models.Entry(3);
    private static readonly GuardBounds s_bounds = GuardBounds.Default;

    [Fact]
    public async Task Chain_is_candidate_then_production_then_fallback_then_no_score()
    {
        await using var site = await Site.StartAsync(Site.Line(s_second, s_first, s_third, RolloutMode.Canary, 100), [s_first, s_second, s_third]);
        var line = site.Services.GetRequiredService<ServingShelf>().Lines["heart"];
        foreach (var mode in new[] { "canary", "production", "fallback" })
        {
            Assert.Equal(mode, (await site.ScoreAsync("p1"))["mode"]!.GetValue<string>());
            line.Withdraw(line.Choose("p1").Arms[0].Unit, WithdrawalReason.Errors);
        }

        var answer = await site.ScoreAsync("p1");
        Assert.Null(answer["score"]);
        Assert.Equal("no-version", answer["reason"]!["code"]!.GetValue<string>());
        Assert.Contains("(errors)", answer["reason"]!["text"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.All([s_first, s_second, s_third], entry => Assert.Equal(WithdrawalReason.Errors, site.WithdrawalOf(entry)!.Reason));
        await site.GetAsync("/health/ready"); // the program is well; the line is not
    }

    [Fact]
    public async Task Version_that_fails_is_withdrawn_before_the_next_answer_and_the_next_in_turn_answers_meanwhile()
    {
        var sessions = new List<FailingSession>();
        await using var site = await Site.StartAsync(Site.Line(s_second, s_first), [s_first, s_second], "guard: {least-rows: 4, break-after: 100}\n", open: (onnx, study) =>
        {
            sessions.Add(new FailingSession(OnnxSession.Open(onnx, study)));
            return sessions[^1];
        });
        sessions[0].Fails = true;
        for (var i = 0; i < 4; i++)
        {
            Assert.Null(site.WithdrawalOf(s_second));
            Assert.Equal("fallback", (await site.ScoreAsync("p1"))["mode"]!.GetValue<string>());
        }

        Assert.Equal(WithdrawalReason.Errors, site.WithdrawalOf(s_second)!.Reason);
        sessions[0].Fails = false;
        Assert.Equal("fallback", (await site.ScoreAsync("p1"))["mode"]!.GetValue<string>());
        Assert.Equal(4, sessions[0].Rows - 1); // and once to be warm
    }

    [Fact]
    public async Task Circuit_opens_after_failures_and_lets_one_row_try_after_the_pause()
    {
        var sessions = new List<FailingSession>();
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first], "guard: {break-after: 3, pause-seconds: 30}\n", open: (onnx, study) =>
        {
            sessions.Add(new FailingSession(OnnxSession.Open(onnx, study)));
            return sessions[^1];
        });
        sessions[0].Fails = true;
        for (var i = 0; i < 8; i++)
            Assert.Equal("failed", (await site.ScoreAsync("p1"))["reason"]!["code"]!.GetValue<string>());
        Assert.Equal(1 + 3, sessions[0].Rows);
        Assert.Equal("open", (await site.GetAsync("/v1/models/heart"))["versions"]![0]!["circuit"]!.GetValue<string>());
        site.Time.Advance(TimeSpan.FromSeconds(30));
        await site.ScoreAsync("p1");
        await site.ScoreAsync("p1");
        Assert.Equal(1 + 3 + 1, sessions[0].Rows);
        site.Time.Advance(TimeSpan.FromSeconds(30));
        sessions[0].Fails = false;

        Assert.NotNull((await site.ScoreAsync("p1"))["score"]);
        Assert.NotNull((await site.ScoreAsync("p1"))["score"]);
    }

    [Fact]
    public async Task Broken_pipeline_takes_a_version_out_and_a_restart_keeps_it_out_until_it_is_resumed()
    {
        await using var site = await Site.StartAsync(Site.Line(s_second, s_first), [s_first, s_second], "guard: {least-rows: 10}\n");
        for (var i = 0; i < 10; i++)
            await site.ScoreAsync("p1", age: 7000);
        Assert.Equal(WithdrawalReason.DataPipeline, site.WithdrawalOf(s_second)!.Reason);
        await site.EndAsync();
        await site.RunAsync();
        Assert.Equal("fallback", (await site.ScoreAsync("p1"))["mode"]!.GetValue<string>());
        site.Shelve(Site.Line(s_second, s_first, order: 2)); // a newer order brings nothing back
        Assert.Equal("fallback", (await site.ScoreAsync("p1"))["mode"]!.GetValue<string>());

        Assert.Equal(0, await CommandLine.RunAsync(["resume", "heart", "--data", site.Folder.Root]));
        site.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("production", (await site.ScoreAsync("p1"))["mode"]!.GetValue<string>());
        Assert.Null(site.WithdrawalOf(s_second));
    }

    [Fact]
    public async Task Stop_button_stops_at_once_and_over_a_restart_and_a_new_order_until_it_is_resumed()
    {
        await using var site = await Site.StartAsync(Site.Line(s_second, s_first), [s_first, s_second]);
        var view = await site.PostAsync("/v1/models/heart/stop", new JsonObject { ["reason"] = "alarms without end" });
        Assert.False(view["answers"]!.GetValue<bool>());

        for (var i = 0; i < 2; i++)
        {
            var answer = await site.ScoreAsync("p1");
            Assert.Null(answer["score"]);
            Assert.Equal("stopped", answer["reason"]!["code"]!.GetValue<string>());
            Assert.DoesNotContain("alarms", answer.ToJsonString(), StringComparison.Ordinal);
            site.Shelve(Site.Line(s_first, order: 2));
            await site.EndAsync();
            await site.RunAsync();
        }

        Assert.Equal(WithdrawalReason.StopButton, site.WithdrawalOf(s_second)!.Reason);
        Assert.Equal(0, await CommandLine.RunAsync(["resume", "heart", "--data", site.Folder.Root]));
        site.Look();
        Assert.NotNull((await site.ScoreAsync("p1"))["score"]);
    }

    [Fact]
    public async Task Stop_by_the_operator_holds_within_a_second()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first]);
        Assert.Equal(0, await CommandLine.RunAsync(["stop", "heart", "--reason", "maintenance", "--data", site.Folder.Root]));
        site.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("stopped", (await site.ScoreAsync("p1"))["reason"]!["code"]!.GetValue<string>());
        Assert.Equal(WithdrawalReason.StopButton, site.WithdrawalOf(s_first)!.Reason);
    }

    [Fact]
    public async Task Stop_by_the_shelf_says_why_and_ends_with_it()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first, stopped: "The steward waits for the ethics board."), [s_first]);
        Assert.Contains("ethics board", (await site.ScoreAsync("p1"))["reason"]!["text"]!.GetValue<string>(), StringComparison.Ordinal);
        site.Shelve(Site.Line(s_first, order: 2));

        Assert.NotNull((await site.ScoreAsync("p1"))["score"]);
    }

    [Fact]
    public void Window_forgets_what_is_older_than_it()
    {
        var time = new FakeTimeProvider();
        var window = new RowWindow(s_bounds with { LeastRows = 10 }, time);
        for (var i = 0; i < 9; i++)
            Assert.Null(window.Count(failed: true, bad: false, TimeSpan.Zero));
        time.Advance(s_bounds.Window + TimeSpan.FromMinutes(1));
        for (var i = 0; i < 9; i++)
            Assert.Null(window.Count(failed: true, bad: false, TimeSpan.Zero));

        Assert.Equal(WithdrawalReason.Errors, window.Count(failed: true, bad: false, TimeSpan.Zero));
    }

    [Fact]
    public void Window_tells_slow_rows_only_where_they_are_more_than_one_in_a_hundred_and_no_accident()
    {
        var slow = s_bounds.Latency + TimeSpan.FromMilliseconds(1);
        var window = new RowWindow(s_bounds, new FakeTimeProvider());
        for (var i = 0; i < 1000; i++)
            Assert.Null(window.Count(failed: false, bad: false, i % 125 == 0 ? slow : s_bounds.Latency));
        WithdrawalReason? verdict = null;
        for (var i = 0; i < 5 && verdict is null; i++)
            verdict = window.Count(failed: false, bad: false, slow);

        Assert.Equal(WithdrawalReason.Latency, verdict);
    }

    [Theory]
    [InlineData(0.0, 1.0, 0.80, null)] // as good as its reference, and calibrated
    [InlineData(0.0, 1.0, 0.99, WithdrawalReason.Performance)]
    [InlineData(1.5, 1.0, 0.80, WithdrawalReason.Calibration)]
    [InlineData(0.0, 3.0, 0.80, WithdrawalReason.Calibration)] // far too sure, and right on average
    [InlineData(0.0, 20.0, 0.80, WithdrawalReason.Calibration)]
    [InlineData(0.0, 0.4, 0.80, WithdrawalReason.Calibration)] // too unsure
    [InlineData(0.0, 1.0, double.NaN, null)] // no reference is known
    public void Outcomes_beyond_the_bounds_are_told(double shift, double slope, double reference, WithdrawalReason? expected)
    {
        var window = new ScoreWindow(s_bounds, StudyGates.Default);
        var random = DeterministicRandom.Of("outcomes");
        for (var i = 0; i < 2000; i++)
        {
            var logit = (4 * random.NextDouble()) - 2;
            window.Add((slope * logit) + shift, random.NextDouble() < 1 / (1 + Math.Exp(-logit)) ? 1 : 0);
        }

        Assert.Equal(expected, window.Verdict(double.IsNaN(reference) ? null : reference));
    }

    [Fact]
    public void Slope_trips_once_its_whole_interval_is_beyond_the_bounds_of_the_site_or_else_of_the_study()
    {
        var bounds = s_bounds with { LeastOutcomes = 20 };
        var (ofStudy, ofSite) = (new ScoreWindow(bounds, StudyGates.Default), new ScoreWindow(bounds with { CalibrationSlope = (0.5, 2) }, StudyGates.Default));
        for (var i = 1; i <= 40; i++)
        {
            foreach (var (logit, positives) in new[] { (-2, 1), (-1, 3), (0, 5), (1, 7), (2, 9) }) // of ten, as the logit says
            {
                for (var row = 0; row < 10; row++)
                {
                    ofStudy.Add(1.5 * logit, row < positives ? 1 : 0); // a slope of about 2/3: below the study's 0.8, above the site's 0.5
                    ofSite.Add(1.5 * logit, row < positives ? 1 : 0);
                }
            }

            if (i == 1)
                Assert.Null(ofStudy.Verdict(null));
        }

        Assert.Equal(WithdrawalReason.Calibration, ofStudy.Verdict(null));
        Assert.Null(ofSite.Verdict(null));
    }

    [Fact]
    public void Outcomes_too_few_tell_nothing()
    {
        var window = new ScoreWindow(s_bounds, StudyGates.Default);
        for (var i = 0; i < 99; i++)
            window.Add(5, i % 2 == 0 ? 1 : 0); // 50 and 49, and far off
        Assert.Null(window.Verdict(0.9));
        window.Add(5, 0);
        Assert.Equal(WithdrawalReason.Calibration, window.Verdict(0.9));
    }

    private sealed class FailingSession(IModelSession session) : IModelSession
    {
        public bool Fails { get; set; }

        public int Rows { get; private set; }

        public void Score(ReadOnlySpan<float> values, Span<ModelScore> scores)
        {
            Rows++;
            if (Fails)
                throw new ScoringFailedException();
            session.Score(values, scores);
        }

        public void Dispose() => session.Dispose();
    }
}
