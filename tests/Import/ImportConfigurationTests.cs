using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.SiteAgent.Import;

namespace FederatedClinicalMl.Tests.Import;

public sealed class ImportConfigurationTests
{
    private const string Least = "host: db\ndatabase: cdm\nuser: reader\nschema: omop\nout: handover\n";

    [Fact]
    public void What_is_left_out_is_the_careful_choice()
    {
        var (configuration, faults) = Read(Least);

        Assert.Empty(faults);
        Assert.Equal(
            new ImportConfiguration("db", 5432, "cdm", "reader", null, DatabaseTls.VerifyFull, null, "omop", null, Path.GetFullPath("handover", "/etc/fcml"), null, null), configuration);
    }

    [Fact]
    public void Every_key_is_read()
    {
        var (configuration, faults) = Read(Least + "port: 6432\npassword-file: secret\ntls: verify-ca\ntls-ca: /ca.pem\ntables: [death]\ncdm-version: \"5.3\"\nsince: 2020-01-31\n");

        Assert.Empty(faults);
        Assert.Equal(["death"], configuration!.Tables!.Value);
        Assert.Equal(
            (6432, Path.GetFullPath("secret", "/etc/fcml"), DatabaseTls.VerifyCa, OmopVersion.V53, new DateOnly(2020, 1, 31)),
            (configuration.Port, configuration.PasswordFile, configuration.Tls, configuration.Version, configuration.Since));
    }

    [Theory]
    [InlineData("tls: off", "6:6: 'tls' must be verify-full, verify-ca or disable.")]
    [InlineData("port: 0", "6:7: 'port' must be a whole number from 1 to 65535.")]
    [InlineData("since: 31.01.2020", "6:8: 'since' must be a day such as 2020-01-31.")]
    [InlineData("cdm-version: 6.0", "6:14: 'cdm-version' must be \"5.3\" or \"5.4\".")]
    [InlineData("tables: [person]", "6:10: 'tables' must be a list of some of visit_occurrence, death,")]
    [InlineData("password: secret", "6:1: There is no key 'password' here.")]
    [InlineData("tls-ca: \"\"", "6:9: 'tls-ca' must be a text that is not empty.")]
    public void Fault_is_named_with_line_and_column(string line, string fault) =>
        Assert.StartsWith(fault, Assert.Single(Read(Least + line + "\n").Faults), StringComparison.Ordinal);

    [Fact]
    public void Every_missing_key_is_named() => Assert.Equal(
        ["host", "database", "user", "schema", "out"], Read("port: 5432\n").Faults.Select(fault => fault.Split('\'')[1]));

    private static (ImportConfiguration? Configuration, string[] Faults) Read(string yaml)
    {
        var faults = new List<ConfigurationFault>();
        var configuration = ImportConfiguration.Read(yaml, "/etc/fcml", faults);
        return (configuration, [.. faults.Select(fault => fault.ToString())]);
    }
}
