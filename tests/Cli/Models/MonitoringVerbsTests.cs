using FederatedClinicalMl.Cli.Models;
using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.Tests.Cli.Models;

public sealed class MonitoringVerbsTests
{
    [Theory]
    [InlineData(0.042, 0.0001, "0.042, p ≤ 0.0001, large")]
    [InlineData(0.004, 0.001, "0.004, p ≤ 0.001")]
    [InlineData(0.042, 0.01, "0.042, p ≤ 0.01")] // it could come by chance
    [InlineData(-0.003, 1, "-0.003, p ≤ 1")]
    public void Joint_drift_is_said_with_its_level_and_large_where_it_is(double discrepancy, double p, string said) => Assert.Equal(said, MonitoringVerbs.Joint(new JointDrift(discrepancy, p)));

    [Fact]
    public void Joint_drift_that_is_not_told_is_an_empty_cell() => Assert.Equal("", MonitoringVerbs.Joint(null));
}
