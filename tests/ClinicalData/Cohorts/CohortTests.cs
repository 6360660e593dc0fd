using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CsCheck;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;
using FederatedClinicalMl.Tests.Learning;

namespace FederatedClinicalMl.Tests.ClinicalData.Cohorts;

public sealed class CohortTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(18, true)]
    [InlineData(110, true)]
    [InlineData(17.999, false)]
    [InlineData(110.001, false)]
    [InlineData(-18, false)]
    public void Value_at_the_edge_of_its_range_is_plausible_and_beyond_it_is_missing(double age, bool plausible)
    {
        var cohort = Of("{name: age, range: [18, 110], missing: mean}", ["id,age,outcome,part", $"a,{Text(age)},1,train"]);

        Assert.Equal((0, plausible ? 0 : 1), (cohort.Counts.Features[0].Missing, cohort.Counts.Features[0].Implausible));
        Assert.Equal(1, cohort.Training.Count);
    }

    [Theory]
    [InlineData("exclude-row", 1, 2)]
    [InlineData("mean", 3, 0)]
    [InlineData("{value: 50}", 3, 0)]
    public void Row_with_a_missing_or_implausible_value_stays_or_goes_by_the_studys_rule(string rule, int stay, int go)
    {
        var cohort = Of($"{{name: age, range: [18, 110], missing: {rule}}}", ["id,age,outcome,part", "a,40,1,train", "b,,1,train", "c,400,1,train"]);

        Assert.Equal((stay, go), (cohort.Training.Count, cohort.Counts.WithoutRequiredValue));
        Assert.Equal(40, cohort.Training.Values[0]);
    }

    [Fact]
    public void Number_that_could_not_be_read_counts_as_missing_and_its_row_as_faulty()
    {
        var cohort = Of("{name: age, range: [18, 110], missing: mean}", ["id,age,outcome,part", "a,forty,1,train", "b,50,0,train"]);

        Assert.Equal((2, 1L, 1), (cohort.Counts.Rows, cohort.Counts.FaultyRows, cohort.Counts.Features[0].Missing));
        Assert.Equal([double.NaN, 50], cohort.Training.Values);
    }

    [Fact]
    public void Rows_of_a_part_say_whose_they_are()
    {
        var training = Of("{name: age, range: [18, 110], missing: mean}", ["id,age,outcome,part", "t,40,1,test", "a,40,1,train", "b,50,0,train", "t,41,1,test", "a,41,0,train", "c,50,0,train", "b,51,1,train"]).Training;

        Assert.Equal([0, 1, 0, 2, 1], training.Patients);
        Assert.Equal(3, training.PatientCount);
        Assert.Equal([0, 1, 0, 2, 1, 3, 4, 3, 5, 4], CohortRows.Together([training, training]).Patients);
    }

    [Theory]
    [InlineData("1", 0)]
    [InlineData("2.0", 0)]
    [InlineData("3", 1)]
    [InlineData("1.5", 1)]
    public void Level_that_the_study_does_not_declare_is_implausible(string level, int implausible)
    {
        var cohort = Of("{name: cp, type: category, levels: [1, 2], missing: no-level}", ["id,cp,outcome,part", $"a,{level},1,train"]);

        Assert.Equal(implausible, cohort.Counts.Features[0].Implausible);
    }

    [Fact]
    public void Label_is_positive_above_its_threshold_and_rows_without_one_are_left_out()
    {
        var cohort = Of("{name: age, range: [0, 120]}", ["id,age,outcome,part", "a,40,0,train", "b,41,0.0001,train", "c,42,-1,train", "d,43,,train", "e,44,4,train", "f,45,none,train"]);

        Assert.Equal([0, 1, 0, 1], cohort.Training.Labels);
        Assert.Equal((2, 2), (cohort.Counts.WithoutLabel, cohort.Counts.TrainingPositives));
    }

    [Fact]
    public void Split_column_divides_the_rows_and_those_with_neither_value_are_left_out()
    {
        var cohort = Of("{name: age, range: [0, 120]}", ["id,age,outcome,part", "a,40,0,train", "b,41,1,test", "c,42,1,TEST", "d,43,1,", "e,44,1, test ", "f,45,1,training"]);

        Assert.Equal([40], cohort.Training.Values);
        Assert.Equal([41, 44], cohort.Test.Values);
        Assert.Equal(3, cohort.Counts.InNeitherPart);
        Assert.Equal((1, 0, 2, 2), (cohort.Counts.Training, cohort.Counts.TrainingPositives, cohort.Counts.Test, cohort.Counts.TestPositives));
    }

    [Fact]
    public void Split_column_can_have_words_of_its_own()
    {
        var cohort = Of("{name: age, range: [0, 120]}", ["id,age,outcome,part", "a,40,0,1", "b,41,1,2", "c,42,1,train"], "{column: part, train: '1', test: '2'}");

        Assert.Equal([40], cohort.Training.Values);
        Assert.Equal([41], cohort.Test.Values);
        Assert.Equal(1, cohort.Counts.InNeitherPart);
    }

    [Fact]
    public void All_rows_of_a_patient_are_on_one_side_of_a_seeded_split()
    {
        var cohort = Of("{name: age, range: [0, 10000]}", ["id,age,outcome,part", .. Enumerable.Range(0, 3000).Select(i => $"p{i % 500},{i % 500},1,")], "{test: 0.3, seed: 7}");

        Assert.Empty(cohort.Training.Values.Intersect(cohort.Test.Values));
        Assert.Equal(3000, cohort.Training.Count + cohort.Test.Count);
        Assert.Equal(0, cohort.Training.Count % 6);
    }

    [Fact]
    public void Patient_stays_on_its_side_whatever_the_order_and_whatever_rows_are_added()
    {
        var rows = Enumerable.Range(0, 300).Select(i => $"p{i},{i},1,").ToArray();
        var test = TestPatients(rows);

        Gen.Shuffle(rows).Sample(shuffled => Assert.Equal(test, TestPatients(shuffled)), iter: 10, threads: 1);
        Assert.Equal(test, TestPatients([.. Enumerable.Range(300, 200).Select(i => $"p{i},{i},1,"), .. rows]).Where(patient => patient < 300));

        double[] TestPatients(string[] lines) => [.. Of("{name: age, range: [0, 10000]}", ["id,age,outcome,part", .. lines], "{test: 0.3, seed: 7}").Test.Values.Order()];
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.3)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    public void Share_of_a_seeded_split_is_near_the_asked_one_and_another_seed_makes_another(double share)
    {
        string[] lines = ["id,age,outcome,part", .. Enumerable.Range(0, 5000).Select(i => $"p{i},{i},1,")];

        var one = Of("{name: age, range: [0, 10000]}", lines, $"{{test: {Text(share)}, seed: 1}}");
        var two = Of("{name: age, range: [0, 10000]}", lines, $"{{test: {Text(share)}, seed: 2}}");

        // Four standard deviations of the binomial; the draw is fixed, so that this holds always or never.
        Assert.InRange(one.Test.Count / 5000.0, share - (4 * Math.Sqrt(share * (1 - share) / 5000)), share + (4 * Math.Sqrt(share * (1 - share) / 5000)));
        Assert.NotEqual(one.Test.Values, two.Test.Values);
    }

    [Fact]
    public void Without_a_patient_column_every_row_is_a_patient_of_its_own_and_nobody_can_opt_out()
    {
        var study = StudyText.Of("{name: age, range: [0, 10000]}", split: "{test: 0.5, seed: 1}");
        var cohort = Of(study, ["id,age,outcome,part", .. Enumerable.Range(0, 1000).Select(i => $"p,{i},1,")], _ => true);

        Assert.InRange(cohort.Test.Count, 400, 600);
        Assert.Equal(0, cohort.Counts.OptedOut);
        Assert.DoesNotContain("id", Cohort.TextColumns(study.Data));
    }

    [Fact]
    public void Rows_of_whoever_opted_out_are_in_neither_part_and_counted_as_nothing_else()
    {
        var cohort = Of(
            StudyOf("{name: age, range: [0, 120]}"), ["id,age,outcome,part", "a,40,0,train", " b ,41,1,train", "b,42,1,test", "b,,,", "c,43,1,test"], patient => patient == "b");

        Assert.Equal((3, 0, 0, 0), (cohort.Counts.OptedOut, cohort.Counts.WithoutLabel, cohort.Counts.WithoutRequiredValue, cohort.Counts.InNeitherPart));
        Assert.Equal([40], cohort.Training.Values);
        Assert.Equal([43], cohort.Test.Values);
    }

    [Fact]
    public void Every_row_is_counted_once()
    {
        var cohort = Of(
            StudyOf("{name: age, range: [18, 110]}"),
            ["id,age,outcome,part", "a,40,0,train", "b,41,1,test", "c,42,,train", "d,,1,train", "e,43,1,other", "f,44,1,train", "g,x,1,train"], patient => patient == "f").Counts;

        Assert.Equal(7, cohort.Rows);
        Assert.Equal(cohort.Rows, cohort.OptedOut + cohort.WithoutLabel + cohort.WithoutRequiredValue + cohort.InNeitherPart + cohort.Training + cohort.Test);
        Assert.Equal((1, 1, 2, 1, 1, 1), (cohort.OptedOut, cohort.WithoutLabel, cohort.WithoutRequiredValue, cohort.InNeitherPart, cohort.Training, cohort.Test));
    }

    [Fact]
    public void Fingerprint_is_another_one_after_any_change_of_a_cell_of_a_label_or_of_a_part_and_the_same_for_the_same_rows()
    {
        string[] rows = ["id,age,outcome,part", "a,40,0,train", "b,41,1,train", "c,42,1,test"];
        var same = Fingerprint(rows);
        Assert.Equal(same, Fingerprint(rows));
        Assert.Equal(same, Fingerprint(["part,outcome,age,id", "train,0,40,a", "train,1,41,b", "test,1,42,c"]));

        foreach (var (line, changed) in ((int, string)[])[
            (1, "a,40.0000001,0,train"), (1, "a,,0,train"), (1, "a,40,1,train"), (1, "a,40,0,test"), (3, "c,43,1,test"), (3, "c,42,0,test"), (3, "c,42,1,train"), (3, "c,42,1,other")])
        {
            var lines = rows.ToArray();
            lines[line] = changed;
            Assert.NotEqual(same, Fingerprint(lines));
        }

        Assert.NotEqual(same, Fingerprint([rows[0], rows[2], rows[1], rows[3]]));
        Assert.NotEqual(same, Fingerprint(rows[..^1]));
        Assert.NotEqual(same, Fingerprint([rows[0], rows[1], "a,41,1,train", rows[3]])); // now one patient's
    }

    [Fact]
    public void Fingerprint_is_keyed_so_that_nobody_without_the_key_can_confirm_a_guess()
    {
        string[] rows = ["id,age,outcome,part", "a,40,0,train"];

        Assert.NotEqual(Fingerprint(rows, key: 1), Fingerprint(rows, key: 2));
    }

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);

    private static Study StudyOf(string feature, string split = "{column: part}") => StudyText.Of(feature, split: split, patient: "id");

    private Cohort Of(string feature, string[] lines, string split = "{column: part}") => Of(StudyOf(feature, split), lines, _ => false);

    private Cohort Of(Study study, string[] lines, Func<string, bool> optedOut)
    {
        var file = _folder.Of("rows.csv");
        File.WriteAllLines(file, lines, Encoding.UTF8);
        var table = TableReader.Read(new DatasetSource(file, DatasetFormat.Csv, true, [], ',', [""]), Cohort.NumberColumns(study.Data), Cohort.TextColumns(study.Data));
        return Cohort.Of(study.Data, table, optedOut);
    }

    private Sha256Digest Fingerprint(string[] lines, byte key = 1)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, [key]);
        Of("{name: age, range: [0, 120], missing: mean}", lines).AppendTo(hash);
        return Sha256Digest.Of(hash);
    }
}
