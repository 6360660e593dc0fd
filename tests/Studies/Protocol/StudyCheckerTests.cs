using System.Text;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Studies.Protocol;

public sealed class StudyCheckerTests
{
    private static Study Sound(string yaml)
    {
        var check = StudyChecker.CheckYaml(yaml);
        Assert.Empty(check.Faults);
        return check.Study!;
    }

    [Fact]
    public void CheckYaml_smallestStudy_hasTheDefaults()
    {
        var study = Sound(StudyTexts.Smallest);

        var feature = Assert.Single(study.Data.Features);
        Assert.Equal(
            (FeatureType.Number, "1", MissingRule.ExcludeRow, FeatureScale.Standardise, (double?)null, (double?)null, true),
            (feature.Type, feature.Unit, feature.Missing, feature.Scale, feature.Mean, feature.StandardDeviation, feature.NeedsPreparation));
        Assert.Null(study.Data.Patient);
        Assert.Equal(new Label("outcome", 0), study.Data.Label);
        Assert.Equal(new Split(null, "", "", 0.3, 1), study.Data.Split);
        Assert.Equal(new StudyTraining(Optimizer.Sgd, 0.01, 32, 1, null, 1), study.Training);
        Assert.Equal(new StudyFederation(1, study.Federation.Sites, study.Federation.Required, 1, TimeSpan.FromMinutes(10), 3, Weighting.Rows, 100_000, new FixedPointEncoding(32, 8), Aggregation.Secure), study.Federation);
        Assert.Empty(study.Federation.Sites);
        Assert.Empty(study.Federation.Required);
        Assert.Equal(new StudyEvaluation(1, PerSite: false), study.Evaluation);
    }

    [Fact]
    public void CheckYaml_smallestStudy_hasThisCanonicalForm() =>
        Assert.Equal(
            """{"data":{"dataset":"rows","features":[{"missing":"exclude-row","name":"age","range":[0,120],"scale":"standardise","type":"number","unit":"1"}],"label":{"above":0,"name":"outcome"},"split":{"seed":1,"test":0.3}},"ethics":"none needed","evaluation":{"every":1,"per-site":false},"federation":{"aggregation":"secure","attempts":3,"deadline":"10m","encoding":{"fixed":{"bits":32,"range":8}},"maximum-weight":100000,"quorum":1,"required":[],"rounds":1,"strategy":"fedavg","weighting":"rows"},"model":{"kind":"logistic-regression"},"name":"smallest","protocol":1,"purpose":"To test the checker","title":"A small study","training":{"batch-size":32,"learning-rate":0.01,"local-epochs":1,"optimizer":"sgd","seed":1}}""",
            Encoding.UTF8.GetString(Sound(StudyTexts.Smallest).Canonical.Span));

    [Fact]
    public void CheckYaml_studyOfANumber_hasItsRangeScaleAndGates()
    {
        var study = Sound(StudyTexts.Number);

        Assert.Equal(new Label("stay", 0) { Number = new NumericOutcome("d", 0, 60, 6, 7) }, study.Data.Label);
        Assert.IsType<LinearRegression>(study.Model);
        Assert.Equal(StudyErrorGates.Default with { GreatestError = 3 }, study.Evaluation.ErrorGates);
        Assert.Equal("stay, a number from 0 to 60 (d)", study.Data.Predicted);
        // Without constants the middle of the range, and a quarter of its width.
        Assert.Equal(new NumericOutcome("d", 0, 60, 30, 15), Sound(StudyTexts.Number.Replace(", constants: {mean: 6, sd: 7}", "", StringComparison.Ordinal)).Data.Label.Number);
        Assert.IsType<Mlp>(Sound(StudyTexts.Number.Replace("kind: linear-regression", "kind: mlp, hidden: [4]", StringComparison.Ordinal)).Model);
    }

    [Fact]
    public void CheckYaml_fullestStudy_isReadWhole()
    {
        var study = Sound(StudyTexts.Fullest);

        Assert.Equal("To test the checker,\nin two lines", study.Purpose.TrimEnd());
        Assert.Equal("person", study.Data.Patient);
        Assert.Equal(
            [(54.5, 9.25, MissingRule.Mean, FeatureScale.Standardise), (null, null, MissingRule.Value, FeatureScale.None), (null, null, MissingRule.Mean, FeatureScale.None), (null, null, MissingRule.Value, FeatureScale.None)],
            study.Data.Features.Select(feature => (feature.Mean, feature.StandardDeviation, feature.Missing, feature.Scale)));
        Assert.Equal([1.0, 2.0, 3.0, 4.0], study.Data.Features[2].Levels);
        Assert.Equal((120, 1.5), (study.Data.Features[1].MissingValue, study.Data.Features[3].MissingValue));
        Assert.DoesNotContain(study.Data.Features, feature => feature.NeedsPreparation);
        Assert.Equal(new Split("part", "0", "1", 0, 0), study.Data.Split);
        var mlp = Assert.IsType<Mlp>(study.Model);
        Assert.Equal([64, 32], mlp.Hidden);
        Assert.Equal((Activation.Tanh, 0.25), (mlp.Activation, mlp.Dropout));
        Assert.Equal(new StudyTraining(Optimizer.Adam, 0.001, 64, null, 10, 7), study.Training);
        Assert.Equal(["north", "south", "west"], study.Federation.Sites.Select(site => site.Value));
        Assert.Equal(["north"], study.Federation.Required.Select(site => site.Value));
        Assert.Equal((TimeSpan.FromMinutes(90), 2, Weighting.Equal, 5000), (study.Federation.Deadline, study.Federation.Attempts, study.Federation.Weighting, study.Federation.MaximumWeight));
        Assert.IsType<Float32Encoding>(study.Federation.Encoding);
        var evaluation = study.Evaluation;
        Assert.Equal((5, true), (evaluation.Every, evaluation.PerSite));
        Assert.Equal(["age", "group", "pain"], evaluation.Subgroups.Select(partition => partition.Feature));
        Assert.Equal([18, 40.5, 65], evaluation.Subgroups[0].Bands);
        Assert.Equal(["below 18", "18 to below 40.5", "40.5 to below 65", "65 and above", "missing"], evaluation.Subgroups[0].Groups);
        Assert.Equal(["none", "one and a half", "missing"], evaluation.Subgroups[1].Groups);
        Assert.Equal(["1", "2", "3", "4", "missing"], evaluation.Subgroups[2].Groups);
        Assert.Equal([new StudyOperatingPoint("review", 0.1, ScoreIndicator.Warning, "A nurse looks at the record"), new("call", 0.5, ScoreIndicator.Critical, null)], evaluation.OperatingPoints);
        Assert.Equal([null, "review", "review", "call"], new[] { 0.0999f, 0.1f, 0.4999f, 0.5f }.Select(probability => evaluation.Reached(probability)?.Name));
        Assert.Equal(new StudySubgroupGap(0.1, 0.15, 0.05), evaluation.Gates.SubgroupGap);
        Assert.Equal("Nurses of the emergency department", study.IntendedUse!.Users);
        Assert.Equal(2, study.IntendedUse.ContraIndications.Length);
        Assert.True(study.MayStartByItself);
    }

    [Fact]
    public void CheckYaml_studyThatSaysNothingOfRetraining_startsNothingByItselfAndHasTheBytesThatItHad()
    {
        var study = Sound(StudyTexts.Smallest);

        Assert.False(study.MayStartByItself);
        Assert.DoesNotContain("retraining", System.Text.Encoding.UTF8.GetString(study.Canonical.Span), StringComparison.Ordinal);
        Assert.False(Sound(StudyTexts.Smallest + "\nretraining: {auto-start: false}").MayStartByItself);
    }

    [Fact]
    public void CheckYaml_partitionOfRowsThatAllHaveAValue_hasNoGroupOfTheMissing() =>
        Assert.Equal(["below 65", "65 and above"], Sound(StudyTexts.Smallest + "\nevaluation: {subgroups: [{feature: age, bands: [65]}]}").Evaluation.Subgroups[0].Groups);

    [Fact]
    public void CheckYaml_benchmark_needsNoData()
    {
        var study = Sound(StudyTexts.Benchmark);

        Assert.Equal(new BenchmarkModel(250_000), study.Model);
        Assert.Empty(study.Data.Features);
    }

    [Fact]
    public void CheckYaml_otherWordsForTheSameStudy_giveTheSameDigest()
    {
        var reordered = """
            # the same study: other order, flow instead of block, quotes, a default written out, minutes as seconds
            {"name": smallest, 'title': "A small study", protocol: 1.0, purpose: To test the checker, ethics: none needed,
             model: {kind: "logistic-regression"}, federation: {quorum: 1, deadline: 600s, rounds: 1e0},
             data: {label: {above: -0.0, name: outcome}, dataset: rows, features: [{type: number, range: [0.0, +120], name: age}]}}
            """;

        Assert.Equal(Sound(StudyTexts.Smallest).Digest, Sound(reordered).Digest);
    }

    [Fact]
    public void CheckYaml_anyOtherValue_givesAnotherDigest()
    {
        var changed = new[] { ("rounds: 1", "rounds: 2"), ("[0, 120]", "[0, 121]"), ("small study", "small study."), ("name: age", "name: ages") }
            .Select(change => Sound(StudyTexts.Smallest.Replace(change.Item1, change.Item2, StringComparison.Ordinal)).Digest);

        Assert.Equal(5, changed.Append(Sound(StudyTexts.Smallest).Digest).Distinct().Count());
    }

    [Theory]
    [InlineData(StudyTexts.Smallest)]
    [InlineData(StudyTexts.Fullest)]
    [InlineData(StudyTexts.Private)]
    [InlineData(StudyTexts.Number)]
    [InlineData(StudyTexts.Benchmark)]
    public void CheckCanonical_ofItsOwnCanonicalForm_isTheSameStudy(string yaml)
    {
        var study = Sound(yaml);

        var travelled = StudyChecker.CheckCanonical(study.Canonical);

        Assert.Empty(travelled.Faults);
        Assert.Equal(study.Digest, travelled.Study!.Digest);
        Assert.Equal(study.Federation.Sites, travelled.Study.Federation.Sites);
        Assert.Equal(study.Training, travelled.Study.Training);
        Assert.Equal(study.Privacy, travelled.Study.Privacy);
    }

    [Theory]
    [InlineData("\"seed\":1", "\"seed\":1.0")] // the same number in another form
    [InlineData("\"protocol\":1", "\"protocol\": 1")]
    [InlineData(",\"every\":1", "")] // never there: the canonical form starts with it
    [InlineData("\"required\":[],", "")] // a default left out
    public void CheckCanonical_bytesThatAreNotCanonical_areAFault(string from, string to)
    {
        var canonical = Encoding.UTF8.GetString(Sound(StudyTexts.Smallest).Canonical.Span);
        var changed = canonical.Replace(from, to, StringComparison.Ordinal);
        if (changed == canonical)
            changed += "\n";

        var check = StudyChecker.CheckCanonical(Encoding.UTF8.GetBytes(changed));

        Assert.Null(check.Study);
        Assert.Contains("canonical form", Assert.Single(check.Faults).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CheckCanonical_unknownField_isAFault()
    {
        var canonical = Encoding.UTF8.GetString(Sound(StudyTexts.Smallest).Canonical.Span);

        var check = StudyChecker.CheckCanonical(Encoding.UTF8.GetBytes(canonical.Replace("\"name\":\"smallest\"", "\"name\":\"smallest\",\"colour\":\"red\"", StringComparison.Ordinal)));

        Assert.Equal("colour", Assert.Single(check.Faults).Path);
    }

    [Theory]
    [InlineData("{\"protocol\":2,\"anything\":true}")]
    [InlineData("{\"protocol\":0}")]
    public void CheckCanonical_anotherProtocolVersion_isTheOnlyFaultAndNamesBoth(string json)
    {
        var fault = Assert.Single(StudyChecker.CheckCanonical(Encoding.UTF8.GetBytes(json)).Faults);

        Assert.Equal("protocol", fault.Path);
        Assert.Contains("reads protocol 1", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CheckCanonical_malformedJson_saysWhere()
    {
        var fault = Assert.Single(StudyChecker.CheckCanonical("{\"protocol\":1,}"u8.ToArray()).Faults);

        Assert.Equal((1, 15), (fault.Line, fault.Column));
    }

    [Fact]
    public void Check_moreThanOneMebibyte_isAFault()
    {
        Assert.Contains("at most 1048576", Assert.Single(StudyChecker.CheckYaml(new string('#', 1 << 20) + "\n").Faults).Message, StringComparison.Ordinal);
        Assert.Contains("at most 1048576", Assert.Single(StudyChecker.CheckCanonical(new byte[(1 << 20) + 1]).Faults).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CheckYaml_ruleOfAnotherRoom_isPlacedInTheText()
    {
        var check = StudyChecker.CheckYaml(StudyTexts.Smallest, new Objection("federation.encoding.fixed.bits"), new Objection("data.features[0].range"));

        Assert.Null(check.Study);
        // In the order of the text; a default that is not in the text is placed at what is around it.
        Assert.Equal([(9, 19, "data.features[0].range"), (12, 1, "federation.encoding.fixed.bits")], check.Faults.Select(fault => (fault.Line, fault.Column, fault.Path)));
    }

    private sealed class Objection(string path) : IStudyRule
    {
        public IEnumerable<(string Path, string Message)> Check(Study study) => [(path, "No.")];
    }
}
