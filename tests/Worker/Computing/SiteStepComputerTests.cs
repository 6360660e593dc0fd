using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Learning;
using FederatedClinicalMl.Tests.Worker.Policies;
using Google.Protobuf;
using Kind = FederatedClinicalMl.Protos.WorkerPort.StepOrder.Types.Kind;

namespace FederatedClinicalMl.Tests.Worker.Computing;

public sealed class SiteStepComputerTests : IDisposable
{
    private readonly List<IDisposable> _made = [];

    public void Dispose() => _made.ForEach(made => made.Dispose());

    [Fact]
    public void Update_carries_weight_encoding_and_the_keyed_fingerprint_of_the_data()
    {
        var (site, _) = Site(new Patients(training: 20));

        site.Release(Patients.Order(site, Kind.Training));

        var manifest = Manifest(site);
        Assert.Equal(("fixed32", 2, 20), (manifest.Encoding, manifest.Dimension, manifest.Weight));
        Assert.NotNull(manifest.Data);
    }

    [Theory]
    [InlineData("minimum-training-rows", "20", "21", Reason.TooFewRows)]
    [InlineData("maximum-parameters-per-row", "0.1", "0.0999", Reason.ReleaseBeyondPolicy)]
    [InlineData("maximum-faulty-rows", "0.0667", "0.0666", Reason.DataUnfit)] // 2 of 30
    public void Data_at_the_policys_edge_are_used_and_beyond_it_not_for_any_step(string rule, string within, string beyond, Reason reason)
    {
        var (site, patients) = Site(new Patients(training: 20, negatives: 5, positives: 5));
        patients.Rows[0] = patients.Rows[0].Replace(",40,", ",forty,", StringComparison.Ordinal);
        patients.Rows[1] = patients.Rows[1].Replace(",41,", ",1e,", StringComparison.Ordinal);
        patients.Write();
        foreach (var order in (StepOrder[])[Patients.Order(site, Kind.Preparation, run: Worker.Site.AnotherRun), Patients.Order(site, Kind.Training), Patients.Order(site, Kind.Evaluation)])
        {
            site.Policy = Loose(rule, beyond);
            Assert.Equal(reason, site.Decline(order));
            Assert.DoesNotContain(site.Outgoing, file => file.StartsWith($"{order.Run}.{order.Round}.{order.Kind.ToString().ToLowerInvariant()}", StringComparison.Ordinal));

            site.Policy = Loose(rule, within);
            Assert.NotNull(site.Release(order));
        }

        static string Loose(string rule, string value) => rule == "maximum-faulty-rows"
            ? PolicyText.With(rule, value)
            : PolicyText.With(rule, value).Replace("maximum-faulty-rows: 0.05", "maximum-faulty-rows: 1", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(5, 5, 5, true)]
    [InlineData(5, 5, 6, false)]
    [InlineData(5, 9, 6, false)]
    [InlineData(9, 5, 6, false)]
    [InlineData(0, 6, 6, true)]
    public void Scores_leave_only_in_cells_of_the_least_count_or_none(int negatives, int positives, int minimum, bool leaves)
    {
        var (site, _) = Site(new Patients(negatives: negatives, positives: positives));
        site.Policy = PolicyText.With("minimum-cell", minimum.ToString());

        var histogram = EvaluationReport.Read(Payload(site, site.Release(Patients.Order(site, Kind.Evaluation)))).Histogram;

        Assert.Equal(leaves, histogram is not null);
        Assert.All(histogram?.Bins ?? [], bin => Assert.True((bin.Negatives == 0 || bin.Negatives >= minimum) && (bin.Positives == 0 || bin.Positives >= minimum)));
    }

    [Theory]
    [InlineData(8, 8, true, false)] // 8 values, 12 missing
    [InlineData(8, 9, false, false)]
    [InlineData(12, 8, true, false)]
    [InlineData(12, 9, true, true)] // 8 missing: that they are is withheld
    public void Moments_of_fewer_values_than_the_least_count_are_withheld_and_so_is_a_small_count_of_missing_ones(int values, int minimum, bool leaves, bool missingWithheld)
    {
        var (site, patients) = Site(new Patients(training: 20));
        for (var i = values; i < 20; i++)
            patients.Rows[i] = $"patient-{i},,0,train";
        patients.Write();
        site.Policy = PolicyText.With("minimum-cell", minimum.ToString());

        var moments = PreparationReport.Read(Patients.OpenStudy, Payload(site, site.Release(Patients.Order(site, Kind.Preparation)))).Of("age");

        Assert.Equal(leaves ? values : null, moments?.Count);
        Assert.Equal(leaves && !missingWithheld ? 20 - values : null, moments?.Missing);
    }

    [Fact]
    public void Study_by_which_nobody_can_be_left_out_is_declined_while_somebody_has_opted_out()
    {
        var (site, _) = Site(new Patients());
        site.Approve(Patients.NamelessStudy);
        var order = Worker.Site.Order(Kind.Preparation, study: Patients.NamelessStudy);

        site.Core.SetExclusions(["patient-3"], "grace");
        Assert.Equal(Reason.DataUnfit, site.Decline(order));

        site.Core.SetExclusions([], "grace");
        site.Release(order);
    }

    [Fact]
    public void Patient_who_opted_out_is_in_no_release_from_then_on_neither_in_the_numbers_nor_in_the_fingerprint()
    {
        var (site, _) = Site(new Patients(training: 21, negatives: 6, positives: 6));
        var before = site.Release(Patients.Order(site, Kind.Training));
        var fingerprint = Manifest(site).Data;

        Assert.Equal(2, site.Core.SetExclusions([" patient-3 ", "patient-22", "patient-3", "", " "], "grace"));

        var after = site.Release(Patients.Order(site, Kind.Training, round: 2));
        Assert.Equal(20, Manifest(site).Weight);
        Assert.NotEqual(fingerprint, Manifest(site).Data);
        Assert.NotEqual(Payload(site, before), Payload(site, after));
        var test = EvaluationReport.Read(Payload(site, site.Release(Patients.Order(site, Kind.Evaluation, round: 2)))).Histogram!;
        Assert.Equal((5, 6), (test.Negatives, test.Positives));

        // The list is replaced whole: without them all is as before.
        site.Core.SetExclusions([], "grace");
        Assert.Equal(Payload(site, before), Payload(site, site.Release(Patients.Order(site, Kind.Training, run: Worker.Site.AnotherRun))));
        Assert.Equal(fingerprint, Manifest(site).Data);
    }

    [Fact]
    public void Patient_who_opted_out_stays_out_after_a_restart()
    {
        var (site, _) = Site(new Patients(training: 21));
        site.Core.SetExclusions(["patient-3"], "grace");
        site.Restart();

        site.Release(Patients.Order(site, Kind.Training));

        Assert.Equal(20, Manifest(site).Weight);
    }

    [Fact]
    public void Pseudonyms_that_nobody_has_change_nothing()
    {
        var (site, _) = Site(new Patients());
        var before = Payload(site, site.Release(Patients.Order(site, Kind.Training)));

        site.Core.SetExclusions(["patient-999", "nobody", "patient", "PATIENT-3"], "grace");

        Assert.Equal(before, Payload(site, site.Release(Patients.Order(site, Kind.Training, run: Worker.Site.AnotherRun))));
        var fingerprints = site.Core.State.Releases.Values.Select(release => release.Head.Manifest.Data).Distinct();
        Assert.Single(fingerprints);
    }

    [Fact]
    public void Log_names_nobody()
    {
        var (site, _) = Site(new Patients(training: 22));
        site.Core.SetExclusions(["patient-3", "patient-4"], "grace");

        site.Release(Patients.Order(site, Kind.Training));

        var log = System.Text.Encoding.UTF8.GetString(site.LogFile);
        Assert.DoesNotContain("patient-", log, StringComparison.Ordinal);
        Assert.DoesNotContain(Sha256Digest.Of("patient-3"u8).ToString(), log, StringComparison.Ordinal);
        Assert.Contains(Worker.Site.Secret.OfPseudonym("patient-3").ToString(), log, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_that_change_between_two_rounds_are_read_anew()
    {
        var (site, patients) = Site(new Patients(training: 20));
        site.Release(Patients.Order(site, Kind.Training));
        patients.Rows.Add("patient-99,50,1,train");
        patients.Write();

        site.Release(Patients.Order(site, Kind.Training, round: 2));

        Assert.Equal(21, Manifest(site).Weight);
    }

    [Fact]
    public void Dataset_that_is_not_mapped_or_not_there_or_lacks_a_column_is_missing()
    {
        var (site, patients) = Site(new Patients());
        var map = patients.Map;
        patients.Map = DatasetMap.OfTables([]);
        Assert.Equal(Reason.DatasetMissing, site.Decline(Patients.Order(site, Kind.Training)));
        patients.Map = map;
        File.WriteAllLines(patients.File, ["id,old,outcome,part", "patient-0,1,1,train"]);
        Assert.Equal(Reason.DatasetMissing, site.Decline(Patients.Order(site, Kind.Training)));
        File.Delete(patients.File);
        Assert.Equal(Reason.DatasetMissing, site.Decline(Patients.Order(site, Kind.Training)));
        patients.Write();
        Assert.NotNull(site.Release(Patients.Order(site, Kind.Training)));
    }

    [Fact]
    public void Parameters_that_are_not_there_or_not_those_of_their_name_or_of_another_length_are_wrong()
    {
        var (site, _) = Site(new Patients());
        var order = Patients.Order(site, Kind.Training);
        var path = $"{ExchangePaths.Incoming}/{new Sha256Digest(order.ParametersDigest.Span)}";
        var right = DurableFile.Read(site.Exchange, path);
        foreach (var wrong in (byte[][])[[], right[..^1], [.. right, 0], [.. right, .. right], [(byte)(right[0] ^ 1), .. right[1..]]])
        {
            DurableFile.Write(site.Exchange, path, wrong);
            Assert.Equal(Reason.ParametersWrong, site.Decline(order));
        }

        site.Exchange.Delete(path);
        Assert.Equal(Reason.ParametersWrong, site.Decline(order));
        DurableFile.Write(site.Exchange, path, right);
        Assert.NotNull(site.Release(order));
    }

    [Fact]
    public void Parameters_that_give_no_finite_scores_are_wrong()
    {
        var (site, _) = Site(new Patients());
        var order = Patients.Order(site, Kind.Evaluation);

        Assert.Equal(Reason.ParametersWrong, site.Decline(new StepOrder(order) { ParametersDigest = site.PutParameters(float.NaN, 0) }));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("not even JSON")]
    [InlineData("""{"features":[{"mean":61,"name":"age","standardDeviation":10}]}""")] // not what the protocol gives
    public void Constants_that_are_not_those_of_the_study_are_wrong(string constants)
    {
        var (site, _) = Site(new Patients());

        Assert.Equal(Reason.ParametersWrong, site.Decline(new StepOrder(Patients.Order(site, Kind.Training)) { Constants = ByteString.CopyFromUtf8(constants) }));
    }

    [Fact]
    public void Preparation_that_the_study_does_not_need_is_declined()
    {
        var (site, _) = Site(new Patients());

        Assert.Equal(Reason.RoundOutOfOrder, site.Decline(Worker.Site.Order(Kind.Preparation, study: Patients.Study)));
    }

    [Fact]
    public void Benchmark_reads_no_data_and_knows_training_only()
    {
        var (site, patients) = Site(new Patients());
        patients.Map = DatasetMap.OfTables([]);
        site.Policy = PolicyText.With("models", "[benchmark]");
        var study = StudyText.Benchmark(10);
        site.Approve(study);
        var parameters = site.PutParameters(new float[10]);

        Assert.Equal(Reason.RoundOutOfOrder, site.Decline(new StepOrder(Worker.Site.Order(Kind.Evaluation, study: study)) { ParametersDigest = parameters }));
        site.Release(new StepOrder(Worker.Site.Order(study: study)) { ParametersDigest = parameters });

        Assert.Null(Manifest(site).Data);
    }

    // Of the release that was made last.
    private static ReleaseManifest Manifest(Site site) =>
        ReleaseHead.FromJson(CanonicalJson.Write(site.Entries.Last(entry => (string)entry["kind"]! == WorkerEntries.Released)["body"]!["release"])).Manifest;

    private static byte[] Payload(Site site, ReleaseTicket ticket)
    {
        var file = site.FileOf(ticket);
        return file[ReleaseHead.LengthOf(file)..];
    }

    // A site that has approved both studies over these rows.
    private (Site Site, Patients Patients) Site(Patients patients)
    {
        var site = new Site(computer: patients.Computer());
        site.Approve(Patients.Study);
        site.Approve(Patients.OpenStudy);
        _made.AddRange([site, patients]);
        return (site, patients);
    }
}
