using FederatedClinicalMl.Learning;
using FederatedClinicalMl.SiteAgent.Scoring;

namespace FederatedClinicalMl.Tests.Scoring;

public sealed class ShelfTests
{
    private static readonly Entry s_first = Models.Entry(1);
    private static readonly Entry s_second = Models.Entry(2);

    [Fact]
    public async Task Shelf_that_cannot_be_read_changes_nothing_and_readiness_says_so()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first]);
        await site.GetAsync("/health/ready");
        File.WriteAllText(Path.Join(site.Serving, ServingPaths.Shelf), "{");
        site.Look();

        Assert.Equal("2.0.0", (await site.ScoreAsync("p1"))["version"]!.GetValue<string>());
        var health = await site.GetAsync("/health/ready", status: 503);
        Assert.Contains("shelf", health["faults"]![0]!.GetValue<string>(), StringComparison.Ordinal);
        site.Shelve(Site.Line(s_first));
        await site.GetAsync("/health/ready");
    }

    [Fact]
    public async Task Shelf_of_another_site_is_not_used()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first]);
        File.WriteAllBytes(Path.Join(site.Serving, ServingPaths.Shelf), new Shelf(Studies.SiteId.Parse("south"), site.Time.GetUtcNow(), [Site.Line(s_second)]).Write());
        site.Look();

        Assert.Contains("south", (await site.GetAsync("/health/ready", status: 503))["faults"]![0]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(s_first.Model.ToString(), (await site.ScoreAsync("p1"))["model"]!.GetValue<string>());
    }

    [Fact]
    public async Task Shelf_whose_event_was_lost_is_found_by_the_clock()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first, s_second]);
        site.Write(Site.Line(s_second));
        site.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(s_second.Model.ToString(), (await site.ScoreAsync("p1"))["model"]!.GetValue<string>());
    }

    [Fact]
    public async Task Program_without_a_shelf_lives_is_not_ready_and_answers_once_there_is_one()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first]);
        await site.EndAsync();
        File.Delete(Path.Join(site.Serving, ServingPaths.Shelf));
        await site.RunAsync();
        await site.GetAsync("/health/ready", status: 503);
        site.Shelve(Site.Line(s_first));

        await site.GetAsync("/health/ready");
        Assert.NotNull((await site.ScoreAsync("p1"))["score"]);
    }

    [Theory]
    [InlineData(ModelFileNames.Onnx)]
    [InlineData(ModelFileNames.Study)]
    [InlineData(ModelFileNames.Constants)]
    [InlineData(ModelFileNames.Manifest)]
    public async Task Model_whose_file_was_changed_by_one_byte_is_never_used(string file)
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first]);
        site.Put(s_second, changed: file);
        site.Shelve(Site.Line(s_second, fallback: s_first));

        var answer = await site.ScoreAsync("p1");
        Assert.Equal("fallback", answer["mode"]!.GetValue<string>());
        Assert.Equal(s_first.Model.ToString(), answer["model"]!.GetValue<string>());
        Assert.Equal(WithdrawalReason.ModelBroken, site.WithdrawalOf(s_second)!.Reason);
        var version = (await site.GetAsync("/v1/models/heart"))["versions"]![0]!;
        Assert.Contains(file, version["fault"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.False(version["usable"]!.GetValue<bool>());
    }

    [Fact]
    public async Task Model_with_an_onnx_file_that_is_not_ours_never_reaches_the_runtime()
    {
        var opened = 0;
        var foreign = s_second.WithOnnx([.. s_second.Files[ModelFileNames.Onnx], 0xFA, 0x07, 0x01, 0x00]);
        await using var site = await Site.StartAsync(Site.Line(foreign), [foreign], open: (onnx, study) =>
        {
            opened++;
            return OnnxSession.Open(onnx, study);
        });

        var answer = await site.ScoreAsync("p1");
        Assert.Equal("no-version", answer["reason"]!["code"]!.GetValue<string>());
        Assert.Equal(0, opened);
        Assert.Equal(WithdrawalReason.ModelBroken, site.WithdrawalOf(foreign)!.Reason);
    }

    [Fact]
    public async Task Model_that_is_not_there_yet_is_tried_again()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first]);
        site.Shelve(Site.Line(s_second));
        Assert.Null((await site.ScoreAsync("p1"))["score"]);
        site.Put(s_second);
        site.Look();

        Assert.Null(site.WithdrawalOf(s_second));
        Assert.Equal(s_second.Model.ToString(), (await site.ScoreAsync("p1"))["model"]!.GetValue<string>());
    }

    [Fact]
    public async Task Line_that_left_the_shelf_is_not_there_any_more()
    {
        await using var site = await Site.StartAsync(Site.Line(s_first), [s_first]);
        site.Write();
        site.Look();

        await site.GetAsync("/v1/models/heart", status: 404);
        Assert.Empty((await site.GetAsync("/v1/models"))["models"]!.AsArray());
    }
}
