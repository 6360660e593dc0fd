using System.Text;
using CsCheck;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Learning.Serving;

public sealed class ShelfTests
{
    private static readonly DateTimeOffset s_at = DateTimeOffset.UnixEpoch.AddDays(20_000).AddMilliseconds(7);

    private static readonly Gen<Rollout> s_rollouts = Gen.Select(Gen.Enum<RolloutMode>(), Gen.Int[0, 100]).Where((mode, percent) => Rollout.WhyNot(mode, percent) is null).Select((mode, percent) => Rollout.Of(mode, percent));

    private static readonly Gen<ServedModels> s_serves =
        from production in Gen.Bool
        from fallback in Gen.Bool
        from rollout in Gen.OneOf(Gen.Const((Rollout?)null), s_rollouts.Select(rollout => (Rollout?)rollout))
        where production || (!fallback && rollout is null or { Mode: RolloutMode.Shadow })
        select ServedModels.Of(production ? Version(1) : null, fallback ? Version(2) : null, rollout is null ? null : new ServedCandidate(Version(3), rollout));

    private static readonly Gen<Shelf> s_shelves =
        from count in Gen.Int[0, 4]
        from serves in s_serves.Array[count]
        from orders in Gen.Long[1, 1L << 50].Array[count]
        from stopped in Gen.OneOf(Gen.Const((string?)null), Gen.String[Gen.Char[' ', '~'], 0, 40]!).Array[count]
        select new Shelf(SiteId.Parse("north"), s_at, [.. serves.Select((line, i) => new ShelfLine($"line-{i}", orders[i], stopped[i], line))]);

    [Fact]
    public void Shelf_is_read_as_it_is_written() => s_shelves.Sample(shelf =>
    {
        var written = shelf.Write();
        var read = Shelf.Read(written);

        Assert.Equal((shelf.Site, shelf.Written), (read.Site, read.Written));
        Assert.Equal(shelf.Lines, read.Lines);
        Assert.Equal(written, read.Write());
        Assert.Equal(shelf.Lines.SelectMany(line => line.Serves.Models).Distinct().Order(), read.Models.Order());
    });

    [Fact]
    public void Shelf_has_the_form_that_the_reference_shows()
    {
        var shelf = new Shelf(SiteId.Parse("north"), s_at, [new("heart-disease", 42, null, ServedModels.Of(Version(1), null, new ServedCandidate(Version(2), Rollout.Of(RolloutMode.Canary, 5))))]);

        Assert.Equal(
            $$$"""{"format":1,"lines":[{"candidate":{"mode":"canary","model":"{{{Version(2).Model}}}","percent":5,"version":"2.0.0"},"fallback":null,"line":"heart-disease","order":42,"production":{"model":"{{{Version(1).Model}}}","version":"1.0.0"},"stopped":null}],"site":"north","written":"2024-10-04T00:00:00.007Z"}""",
            Encoding.UTF8.GetString(shelf.Write()));
    }

    [Theory]
    [InlineData("\"format\":1", "\"format\":2")]
    [InlineData("\"site\":\"north\"", "\"site\":\"North\"")]
    [InlineData("{\"format\"", "{\"extra\":1,\"format\"")]
    [InlineData("\"line\":\"a\"", "\"line\":\"../a\"")]
    [InlineData("\"line\":\"a\"", "\"line\":\"b\"")]
    [InlineData("\"line\":\"a\"", "\"line\":\"c\"")]
    [InlineData("\"order\":1", "\"order\":0")]
    [InlineData("\"order\":1", "\"order\":\"1\"")]
    [InlineData("\"stopped\":null", "\"stopped\":false")]
    [InlineData("\"percent\":50", "\"percent\":51")]
    [InlineData("\"mode\":\"canary\"", "\"mode\":\"Canary\"")]
    [InlineData("\"mode\":\"canary\"", "\"mode\":\"shadow\"")]
    [InlineData("\"version\":\"1.0.0\"", "\"version\":\"1.0\"")]
    [InlineData("\"version\":\"1.0.0\"", "\"version\":\"2.0.0\"")]
    [InlineData("00:00.007Z", "00:00Z")]
    public void Shelf_that_was_changed_is_refused(string from, string to)
    {
        var serves = ServedModels.Of(Version(1), Version(2), new ServedCandidate(Version(3), Rollout.Of(RolloutMode.Canary, 50)));
        var written = Encoding.UTF8.GetString(new Shelf(SiteId.Parse("north"), s_at, [new("a", 1, null, serves), new("b", 2, "no", ServedModels.None)]).Write());
        var changed = written.Replace(from, to, StringComparison.Ordinal);

        Assert.NotEqual(written, changed);
        Assert.Throws<FormatException>(() => Shelf.Read(Encoding.UTF8.GetBytes(changed)));
    }

    [Fact]
    public void Shelf_of_the_most_lines_with_the_longest_reasons_fits_into_its_file()
    {
        var serves = ServedModels.Of(Version(1), Version(2), new ServedCandidate(Version(3), Rollout.Of(RolloutMode.BlueGreen, 100)));
        var shelf = new Shelf(SiteId.Parse("north"), s_at, [.. Enumerable.Range(0, Shelf.MaximumLines).Select(i => new ShelfLine($"{new string('a', 59)}-{i:000}", 1L << 53, new string('\u2028', ShelfLine.LongestReason), serves))]);

        Assert.Equal(Shelf.MaximumLines, Shelf.Read(shelf.Write()).Lines.Length);
    }

    [Fact]
    public void Models_that_do_not_fit_together_are_refused()
    {
        var canary = Rollout.Of(RolloutMode.Canary, 5);
        Assert.Throws<ArgumentException>(() => ServedModels.Of(null, Version(1), null));
        Assert.Throws<ArgumentException>(() => ServedModels.Of(null, null, new ServedCandidate(Version(1), canary)));
        Assert.Throws<ArgumentException>(() => ServedModels.Of(Version(1), Version(1), null));
        Assert.Throws<ArgumentException>(() => ServedModels.Of(Version(1), null, new ServedCandidate(Version(1), canary)));
        Assert.Single(ServedModels.Of(null, null, new ServedCandidate(Version(1), Rollout.Shadow)).Models);
    }

    [Theory]
    [InlineData(RolloutMode.Shadow, 1)]
    [InlineData(RolloutMode.Canary, 0)]
    [InlineData(RolloutMode.Canary, 26)]
    [InlineData(RolloutMode.Ab, 0)]
    [InlineData(RolloutMode.Ab, 100)]
    [InlineData(RolloutMode.BlueGreen, 50)]
    [InlineData(RolloutMode.BlueGreen, -1)]
    public void Rollout_to_a_share_that_its_mode_has_not_is_refused(RolloutMode mode, int percent) => Assert.Throws<ArgumentException>(() => Rollout.Of(mode, percent));

    private static ServedVersion Version(int major) => new(new ModelVersion(major, 0, 0), Sha256Digest.Of([(byte)major]));
}
