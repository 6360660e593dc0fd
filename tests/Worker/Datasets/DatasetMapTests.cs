using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Worker.Datasets;

public sealed class DatasetMapTests
{
    [Fact]
    public void Keys_that_are_left_out_have_the_documented_defaults()
    {
        var source = Source("{path: heart.csv, format: csv}");

        Assert.Equal(Path.Join(Path.GetTempPath(), "heart.csv"), source.Path);
        Assert.Equal((DatasetFormat.Csv, true, ','), (source.Format, source.Header, source.Delimiter));
        Assert.Empty(source.Columns);
        Assert.Equal([""], source.Missing);
    }

    [Fact]
    public void Every_key_is_read()
    {
        var source = Source("""{path: /srv/heart.csv, format: csv, header: false, columns: [age, num], delimiter: "\t", missing: ["", "?"]}""");

        Assert.Equal(("/srv/heart.csv", false, '\t'), (source.Path, source.Header, source.Delimiter));
        Assert.Equal(["age", "num"], source.Columns);
        Assert.Equal(["", "?"], source.Missing);
        Assert.Equal(DatasetFormat.Parquet, Source("{path: /srv/heart.parquet, format: parquet}").Format);
    }

    [Theory]
    [InlineData("{format: csv}", "'path' is missing")]
    [InlineData("{path: a}", "'format' is missing")]
    [InlineData("{path: a, format: xlsx}", "must be csv, parquet, fhir, omop or events")]
    [InlineData("{path: a, format: csv, header: yes}", "must be true or false")]
    [InlineData("{path: a, format: csv, header: false}", "must name the columns in order")]
    [InlineData("{path: a, format: csv, columns: [b]}", "must be left out")]
    [InlineData("{path: a, format: csv, header: false, columns: [b, c, b]}", "must not name a column twice")]
    [InlineData("{path: a, format: csv, delimiter: '||'}", "must be one character")]
    [InlineData("{path: a, format: csv, encoding: latin-1}", "There is no key 'encoding'")]
    [InlineData("{path: a, format: parquet, columns: [b]}", "There is no key 'columns'")]
    [InlineData("heart.csv", "must be a map")]
    public void Map_with_a_fault_maps_nothing_and_says_where(string dataset, string fault)
    {
        var map = Read($"datasets:\n  sound: {{path: a, format: csv}}\n  heart: {dataset}\n");

        Assert.Empty(map.Sources);
        Assert.Contains(map.Faults, found => found.Message.Contains(fault, StringComparison.Ordinal) && found.Line == 3);
    }

    [Fact]
    public void Population_is_what_the_steward_says_or_the_data_sets_own_name()
    {
        var map = Read("datasets: {heart: {path: a, format: csv, population: cardiology}, lung: {path: b, format: parquet}, ehr: {path: c, format: fhir, time-zone: UTC, population: cardiology}}");

        Assert.Equal(["cardiology", "lung", "cardiology", null], new[] { "heart", "lung", "ehr", "other" }.Select(map.PopulationOf));
        Assert.Contains("must be a population's name", Assert.Single(Read("datasets: {ehr: {path: a, format: fhir, time-zone: UTC, population: A b}}").Faults).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Last_day_of_events_is_read_and_a_table_has_none()
    {
        Assert.Equal(new DateOnly(2031, 12, 31), Read("datasets: {ehr: {path: a, format: fhir, time-zone: UTC, keep-until: 2031-12-31}}").Events["ehr"].KeepUntil);
        Assert.Null(Read("datasets: {ehr: {path: a, format: fhir, time-zone: UTC}}").Events["ehr"].KeepUntil);
        Assert.Contains("must be a day, such as 2031-12-31", Assert.Single(Read("datasets: {ehr: {path: a, format: fhir, time-zone: UTC, keep-until: 31.12.2031}}").Faults).Message, StringComparison.Ordinal);
        Assert.Contains("There is no key 'keep-until'", Assert.Single(Read("datasets: {ehr: {path: a, format: csv, keep-until: 2031-12-31}}").Faults).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Name_that_no_study_can_ask_for_is_a_fault() => Assert.Contains("is not a dataset's name", Assert.Single(Read("datasets:\n  Heart: {path: a, format: csv}\n").Faults).Message, StringComparison.Ordinal);

    [Fact]
    public void File_that_is_missing_maps_nothing_and_is_named()
    {
        using var folder = new TemporaryFolder();

        var map = DatasetMap.ReadFile(folder.Of("datasets.yaml"));

        Assert.Empty(map.Sources);
        Assert.Contains("datasets.yaml' cannot be read", Assert.Single(map.Faults).Message, StringComparison.Ordinal);
    }

    private static DatasetSource Source(string dataset)
    {
        var map = Read($"datasets:\n  heart: {dataset}\n");
        Assert.Empty(map.Faults);
        return map.Sources["heart"];
    }

    private static DatasetMap Read(string yaml) => DatasetMap.Read(yaml, Path.GetTempPath());
}
