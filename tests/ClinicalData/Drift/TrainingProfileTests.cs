using System.Text;
using System.Text.Json.Nodes;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.ClinicalData.Drift;

public sealed class TrainingProfileTests
{
    private static readonly ProfileDesign Design = ProfileDesign.Of(
        [ProfileFeature.Number("pulse", 20, 300), ProfileFeature.Category("sex", "female", "male"), ProfileFeature.Number("age", 0, 120)], ["age", "pulse"], "seed");

    private static readonly double[] Values = [80, 0, 50, 900, 1, 60, double.NaN, double.NaN, 70, 90, 7, 40];
    private static readonly double[] Labels = [1, 0, double.NaN, 1];

    [Fact]
    public void Profile_counts_what_is_there_missing_and_implausible()
    {
        var profile = TrainingProfile.Of(Design, Values, Labels);
        Assert.Equal((4, 3, 2), (profile.Rows, profile.Labelled, profile.Positives));
        Assert.Equal((3, 1), (profile.Features[0].Present, profile.Features[0].Missing));
        Assert.Equal(1, profile.Features[0].CellCounts()[^1]);
        Assert.Equal((2, 2), (profile.Features[0].Moments!.Count, profile.Features[0].Moments!.Missing));
        Assert.Equal(85, profile.Features[0].Moments!.Mean!.Value, 1e-9);
        Assert.Equal([1, 1, 1], profile.Features[1].CellCounts());
        Assert.Equal(1, profile.Features[1].Missing);
        Assert.Equal(2, profile.Correlations[0, 1].Count);
        Assert.Equal(4, profile.Sketch!.Count);
    }

    [Fact]
    public void Merge_in_any_order_has_the_bytes_of_the_profile_of_all_rows()
    {
        var random = DeterministicRandom.Of("merge");
        var parts = new[] { 70, 0, 130, 1 }.Select(rows => SimulatedWard.Rows(rows, random)).ToList();
        var whole = TrainingProfile.Of(SimulatedWard.Design, [.. parts.SelectMany(part => part.Values)], [.. parts.SelectMany(part => part.Labels)]).Write();
        var profiles = parts.Select(part => TrainingProfile.Of(SimulatedWard.Design, part.Values, part.Labels)).ToList();
        Assert.Equal(whole, profiles.Aggregate((a, b) => a.Merge(b)).Write());
        Assert.Equal(whole, profiles[2].Merge(profiles[0]).Merge(profiles[3].Merge(profiles[1])).Write());
    }

    [Fact]
    public void Read_of_what_was_written_has_the_same_bytes()
    {
        var (values, labels) = SimulatedWard.Rows(200, DeterministicRandom.Of("read"));
        var written = TrainingProfile.Of(SimulatedWard.Design, values, labels).Write();
        Assert.Equal(written, TrainingProfile.Read(CanonicalJson.Read(written), "profile").Write());
    }

    [Theory]
    [InlineData("\"rows\":4,\"sketch\"", "\"rows\":5,\"sketch\"", "histogram")]
    [InlineData("\"labelled\":3", "\"labelled\":5", "labelled")]
    [InlineData("\"positives\":2", "\"positives\":4", "positives")]
    [InlineData("\"version\":1", "\"version\":2", "version")]
    [InlineData("\"correlated\":[0,2]", "\"correlated\":[0,1]", "design")]
    [InlineData("\"correlated\":[0,2]", "\"correlated\":[2,3]", "correlated[1]")]
    [InlineData("\"seed\":\"seed\"", "\"seed\":\"a\\nb\"", "design")]
    [InlineData("\"levels\":[\"female\",\"male\"]", "\"levels\":[\"male\",\"male\"]", "features[1]")]
    [InlineData("\"maximum\":300", "\"maximum\":10", "features[0]")]
    [InlineData("\"counts\":[1,1,1,1],\"rows\":4", "\"counts\":[1,1,1,0],\"rows\":3", "categories")]
    [InlineData("\"count\":2,\"missing\":2", "\"count\":3,\"missing\":1", "moments")]
    public void Read_of_parts_that_cannot_be_of_the_same_rows_says_which(string from, string to, string fault)
    {
        var json = Encoding.UTF8.GetString(TrainingProfile.Of(Design, Values, Labels).Write());
        Assert.Contains(from, json, StringComparison.Ordinal);
        var index = json.IndexOf(from, StringComparison.Ordinal);
        var changed = JsonNode.Parse(json[..index] + to + json[(index + from.Length)..]);
        Assert.Contains(fault, Assert.Throws<FormatException>(() => TrainingProfile.Read(changed, "profile")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Merge_of_profiles_of_different_designs_is_an_error()
    {
        var other = ProfileDesign.Of(Design.Features, ["age", "pulse"], "other seed");
        Assert.Throws<ArgumentException>(() => TrainingProfile.Of(Design, [], []).Merge(TrainingProfile.Of(other, [], [])));
        Assert.True(Design.IsSameAs(ProfileDesign.Of(Design.Features, ["pulse", "age"], "seed")));
    }

    [Fact]
    public void Profile_of_rows_that_do_not_fit_or_labels_that_are_none_is_an_error()
    {
        Assert.Throws<ArgumentException>(() => TrainingProfile.Of(Design, [1, 2], [1]));
        Assert.Throws<ArgumentException>(() => TrainingProfile.Of(Design, [1, 2, 3], [0.5]));
    }

    [Fact]
    public void Design_that_names_a_feature_twice_or_correlates_a_category_is_refused()
    {
        Assert.Throws<ArgumentException>(() => ProfileDesign.Of([Design.Features[0], Design.Features[0]], [], "seed"));
        Assert.Throws<ArgumentException>(() => ProfileDesign.Of(Design.Features, ["sex", "age"], "seed"));
        Assert.Throws<ArgumentException>(() => ProfileDesign.Of(Design.Features, ["age", "age"], "seed"));
        Assert.Throws<ArgumentException>(() => ProfileFeature.Number("x", 0, 1, spread: 0));
        Assert.Throws<ArgumentException>(() => ProfileFeature.Category("x"));
    }

    [Fact]
    public void Profile_of_categories_alone_has_no_sketch()
    {
        var profile = TrainingProfile.Of(ProfileDesign.Of([ProfileFeature.Category("sex", "female", "male")], [], "seed"), [0, 1, 1], [0, 0, 1]);
        Assert.Null(profile.Sketch);
        var merged = profile.Merge(TrainingProfile.Of(profile.Design, [], []));
        Assert.Equal(profile.Write(), TrainingProfile.Read(CanonicalJson.Read(merged.Write()), "profile").Write());
    }
}
