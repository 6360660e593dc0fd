using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.SiteAgent.Worker;

namespace FederatedClinicalMl.Tests.Worker.Policies;

public sealed class PolicyReaderTests
{
    public static TheoryData<string> Keys => [.. PolicyText.Keys];

    [Fact]
    public void Policy_that_init_writes_has_no_fault() => Assert.NotNull(PolicyReader.Read(PolicyReader.Default) is { Faults.IsEmpty: true, Policy: { } policy } ? policy : null);

    [Theory]
    [MemberData(nameof(Keys))]
    public void Policy_without_a_key_allows_nothing_and_names_it(string key)
    {
        var fault = OnlyFault(PolicyText.Without(key));

        Assert.Contains($"The key '{key}' is missing.", fault.Message, StringComparison.Ordinal);
        Assert.True(fault is { Line: > 0, Column: > 0 });
    }

    [Theory]
    [MemberData(nameof(Keys))]
    public void Policy_that_names_a_key_twice_allows_nothing_and_says_where(string key)
    {
        var fault = OnlyFault(PolicyReader.Default + $"{key}: 1\n");

        Assert.Contains("uplicate key", fault.Message, StringComparison.Ordinal);
        Assert.Equal(LastLine + 1, fault.Line);
    }

    [Theory]
    [InlineData("policy", "2", "must be a whole number from 1 to 1")]
    [InlineData("datasets", "all", "must be a list of dataset names, or the word mapped")]
    [InlineData("datasets", "{heart: yes}", "must be a list of")]
    [InlineData("models", "logistic-regression", "must be a list of words from")]
    [InlineData("encodings", "", "must be a list of words from")]
    [InlineData("members", "everybody", "must be confirmed or named")]
    [InlineData("minimum-honest-survivors", "1", "must be a whole number from 2 to 256")]
    [InlineData("minimum-training-rows", "0", "must be a whole number from 1 to")]
    [InlineData("minimum-training-rows", "20.5", "must be a whole number from 1 to")]
    [InlineData("minimum-training-rows", "99999999999999999999", "must be a whole number from 1 to")]
    [InlineData("minimum-training-rows", "[20]", "must be a single value")]
    [InlineData("minimum-cell", "-1", "must be a whole number from 1 to")]
    [InlineData("minimum-cell", "five", "must be a whole number from 1 to")]
    [InlineData("maximum-rounds", "~", "must be a whole number from 1 to")]
    [InlineData("maximum-parameters-per-row", "unlimited", "must be a number from 0 to")]
    [InlineData("maximum-parameters-per-row", ".inf", "must be a number from 0 to")]
    [InlineData("maximum-parameters-per-row", "Infinity", "must be a number from 0 to")]
    [InlineData("maximum-faulty-rows", "5%", "must be a number from 0 to 1")]
    [InlineData("maximum-faulty-rows", "0,05", "must be a number from 0 to 1")]
    [InlineData("maximum-faulty-rows", "1.01", "must be a number from 0 to 1")]
    [InlineData("maximum-faulty-rows", "NaN", "must be a number from 0 to 1")]
    public void Wrong_value_allows_nothing_and_is_named_where_it_stands(string key, string value, string must)
    {
        var fault = OnlyFault(PolicyText.With(key, value));

        Assert.Contains($"'{key}' {must}", fault.Message, StringComparison.Ordinal);
        Assert.Equal(PolicyText.LineOf(key), fault.Line);
        Assert.True(value.Length == 0 || fault.Column == key.Length + 3);
    }

    [Theory]
    [InlineData("models", "[logistic-regression, forest]", 31)]
    [InlineData("encodings", "[fixed, Float32]", 20)]
    [InlineData("aggregation", "[plain, masked]", 22)]
    [InlineData("datasets", "[heart, /srv/heart.csv]", 19)]
    public void Unknown_word_in_a_list_allows_nothing_and_is_named_where_it_stands(string key, string value, int column)
    {
        var fault = OnlyFault(PolicyText.With(key, value));

        Assert.Equal((PolicyText.LineOf(key), column), (fault.Line, fault.Column));
    }

    [Theory]
    [InlineData("never", "'privacy' must be none, or a map of total, study and year")]
    [InlineData("{total: {epsilon: 3, delta: 1e-6}, study: {epsilon: 3, delta: 1e-6}}", "The key 'year' is missing.")]
    [InlineData("{total: {epsilon: 3, delta: 1e-6}, study: {epsilon: 3, delta: 1e-6}, year: {epsilon: 3, delta: 1e-6}, month: {epsilon: 3, delta: 1e-6}}", "There is no key 'month' here.")]
    [InlineData("{total: {epsilon: 3}, study: {epsilon: 3, delta: 1e-6}, year: {epsilon: 3, delta: 1e-6}}", "The key 'delta' is missing.")]
    [InlineData("{total: {epsilon: 0, delta: 1e-6}, study: {epsilon: 3, delta: 1e-6}, year: {epsilon: 3, delta: 1e-6}}", "'epsilon' must be a number above 0 and not above 100")]
    [InlineData("{total: {epsilon: .inf, delta: 1e-6}, study: {epsilon: 3, delta: 1e-6}, year: {epsilon: 3, delta: 1e-6}}", "'epsilon' must be a number above 0 and not above 100")]
    [InlineData("{total: {epsilon: 3, delta: 0.1}, study: {epsilon: 3, delta: 1e-6}, year: {epsilon: 3, delta: 1e-6}}", "'delta' must be a number above 0 and not above 0.01")]
    public void Ceilings_with_a_fault_allow_nothing(string value, string fault) =>
        Assert.Contains(Faults(PolicyText.With("privacy", value)), found => found.Message.Contains(fault, StringComparison.Ordinal) && found.Line == PolicyText.LineOf("privacy"));

    [Fact]
    public void Ceilings_are_exactly_the_numbers_that_are_written()
    {
        var ceilings = PolicyReader.Read(PolicyText.With("privacy", "{total: {epsilon: 3, delta: 1e-6}, study: {epsilon: 0.1, delta: 0.00001}, year: {epsilon: 2.50, delta: 1E-7}}")).Policy!.Privacy!;

        Assert.Equal(new PrivacyCeiling(Rational.Of(3), Rational.Of(1, 1_000_000)), ceilings.Total);
        Assert.Equal(new PrivacyCeiling(Rational.Of(1, 10), Rational.Of(1, 100_000)), ceilings.Study);
        Assert.Equal(new PrivacyCeiling(Rational.Of(5, 2), Rational.Of(1, 10_000_000)), ceilings.Year);
        Assert.Null(PolicyReader.Read(PolicyReader.Default).Policy!.Privacy);
    }

    [Fact]
    public void Unknown_key_allows_nothing_and_is_named_where_it_stands()
    {
        var fault = OnlyFault(PolicyReader.Default + "maximum-round: 5\n");

        Assert.Contains("There is no key 'maximum-round' here.", fault.Message, StringComparison.Ordinal);
        Assert.Equal((LastLine + 1, 1), (fault.Line, fault.Column));
    }

    [Theory]
    [InlineData("maximum-rounds", "&few 5")]
    [InlineData("models", "&models [mlp]")]
    [InlineData("maximum-rounds", "!!int 5")]
    [InlineData("models", "!list [mlp]")]
    public void Anchor_or_tag_allows_nothing_and_is_named_where_it_stands(string key, string value)
    {
        var fault = OnlyFault(PolicyText.With(key, value));

        Assert.Contains("Anchors, aliases and tags are not allowed", fault.Message, StringComparison.Ordinal);
        Assert.Equal((PolicyText.LineOf(key), key.Length + 3), (fault.Line, fault.Column));
    }

    [Theory]
    [InlineData("[mlp, &again [*again]]")]
    [InlineData("*nowhere")]
    public void Alias_that_leads_in_a_circle_or_to_nothing_allows_nothing(string value) => Assert.NotEmpty(Faults(PolicyText.With("models", value)));

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n")]
    [InlineData("[1, 2]")]
    [InlineData("policy: [1")]
    [InlineData("policy: 1\n---\npolicy: 1\n")]
    [InlineData("\tpolicy: 1")]
    public void Text_that_is_no_map_allows_nothing(string text) => Assert.NotEmpty(Faults(text));

    [Fact]
    public void Every_fault_is_named_at_once_in_the_order_of_the_text()
    {
        var faults = Faults(PolicyText.With("minimum-cell", "few").Replace("maximum-faulty-rows: 0.05", "maximum-faulty-rows: 5\nnew-key: 1", StringComparison.Ordinal));

        Assert.Equal(3, faults.Count);
        Assert.Equal([PolicyText.LineOf("minimum-cell"), PolicyText.LineOf("maximum-faulty-rows"), PolicyText.LineOf("maximum-faulty-rows") + 1], faults.Select(fault => (int)fault.Line));
    }

    private static int LastLine => PolicyReader.Default.Count(c => c == '\n');

    private static ConfigurationFault OnlyFault(string yaml) => Assert.Single(Faults(yaml));

    private static IReadOnlyList<ConfigurationFault> Faults(string yaml)
    {
        var reading = PolicyReader.Read(yaml);
        Assert.Null(reading.Policy);
        return reading.Faults;
    }
}
