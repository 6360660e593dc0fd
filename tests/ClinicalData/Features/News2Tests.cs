using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Studies.Features;

namespace FederatedClinicalMl.Tests.ClinicalData.Features;

/// <summary>Holds the score against the chart of the Royal College of Physicians (2017), band by band.</summary>
public sealed class News2Tests
{
    private static readonly News2Vitals s_well = new(
        RespiratoryRate: 16, OxygenSaturation: 98, OnOxygen: false, SystolicPressure: 120, Pulse: 70, Consciousness: Consciousness.Alert, Temperature: 37);

    public static TheoryData<News2Component> AllComponents => [.. Enum.GetValues<News2Component>()];

    [Theory]
    [InlineData(1, 3)]
    [InlineData(8, 3)]
    [InlineData(9, 1)]
    [InlineData(11, 1)]
    [InlineData(12, 0)]
    [InlineData(20, 0)]
    [InlineData(21, 2)]
    [InlineData(24, 2)]
    [InlineData(25, 3)]
    [InlineData(60, 3)]
    public void RespiratoryRate_atABandsEdge_hasItsPoints(double value, int points) => Is(points, s_well with { RespiratoryRate = value });

    [Theory]
    [InlineData(60, 3)]
    [InlineData(91, 3)]
    [InlineData(92, 2)]
    [InlineData(93, 2)]
    [InlineData(94, 1)]
    [InlineData(95, 1)]
    [InlineData(96, 0)]
    [InlineData(100, 0)]
    public void OxygenSaturation_onScale1_hasItsPointsWithAndWithoutOxygen(double value, int points)
    {
        Is(points, s_well with { OxygenSaturation = value });
        Is(points + 2, s_well with { OxygenSaturation = value, OnOxygen = true });
    }

    [Theory]
    [InlineData(60, 3, 3)]
    [InlineData(83, 3, 3)]
    [InlineData(84, 2, 2)]
    [InlineData(85, 2, 2)]
    [InlineData(86, 1, 1)]
    [InlineData(87, 1, 1)]
    [InlineData(88, 0, 0)]
    [InlineData(92, 0, 0)]
    [InlineData(93, 0, 1)]
    [InlineData(94, 0, 1)]
    [InlineData(95, 0, 2)]
    [InlineData(96, 0, 2)]
    [InlineData(97, 0, 3)]
    [InlineData(100, 0, 3)]
    public void OxygenSaturation_onScale2_hasItsPointsOnAirAndOnOxygen(double value, int onAir, int onOxygen)
    {
        Is(onAir, s_well with { OxygenSaturation = value, Scale2 = true });
        Is(onOxygen + 2, s_well with { OxygenSaturation = value, Scale2 = true, OnOxygen = true });
    }

    [Theory]
    [InlineData(30, 3)]
    [InlineData(90, 3)]
    [InlineData(91, 2)]
    [InlineData(100, 2)]
    [InlineData(101, 1)]
    [InlineData(110, 1)]
    [InlineData(111, 0)]
    [InlineData(219, 0)]
    [InlineData(220, 3)]
    [InlineData(300, 3)]
    public void SystolicPressure_atABandsEdge_hasItsPoints(double value, int points) => Is(points, s_well with { SystolicPressure = value });

    [Theory]
    [InlineData(20, 3)]
    [InlineData(40, 3)]
    [InlineData(41, 1)]
    [InlineData(50, 1)]
    [InlineData(51, 0)]
    [InlineData(90, 0)]
    [InlineData(91, 1)]
    [InlineData(110, 1)]
    [InlineData(111, 2)]
    [InlineData(130, 2)]
    [InlineData(131, 3)]
    [InlineData(300, 3)]
    public void Pulse_atABandsEdge_hasItsPoints(double value, int points) => Is(points, s_well with { Pulse = value });

    [Theory]
    [InlineData(25.0, 3)]
    [InlineData(35.0, 3)]
    [InlineData(35.1, 1)]
    [InlineData(36.0, 1)]
    [InlineData(36.1, 0)]
    [InlineData(38.0, 0)]
    [InlineData(38.1, 1)]
    [InlineData(39.0, 1)]
    [InlineData(39.1, 2)]
    [InlineData(45.0, 2)]
    public void Temperature_atABandsEdge_hasItsPoints(double value, int points)
    {
        Is(points, s_well with { Temperature = value });
        Is(points, s_well with { Temperature = Math.Clamp((((value * 9 / 5) + 32) - 32) * 5 / 9, 25, 45) }); // what a conversion through [degF] leaves of it
    }

    [Theory]
    [InlineData(Consciousness.Alert, 0)]
    [InlineData(Consciousness.Confusion, 3)]
    [InlineData(Consciousness.Voice, 3)]
    [InlineData(Consciousness.Pain, 3)]
    [InlineData(Consciousness.Unresponsive, 3)]
    public void Consciousness_hasItsPoints(Consciousness level, int points) => Is(points, s_well with { Consciousness = level });

    [Theory]
    [InlineData(8.4, 3)]
    [InlineData(8.5, 1)]
    [InlineData(20.4, 0)]
    [InlineData(20.5, 2)]
    public void Number_betweenTwoBands_isRoundedToWhatTheChartDistinguishes(double value, int points) => Is(points, s_well with { RespiratoryRate = value });

    [Fact]
    public void Score_ofTheSickest_is20() => Is(20, new News2Vitals(30, 80, true, 80, 140, Consciousness.Unresponsive, 34));

    [Theory]
    [MemberData(nameof(AllComponents))]
    public void Score_withoutAComponent_namesIt(News2Component component)
    {
        var without = component switch
        {
            News2Component.RespiratoryRate => s_well with { RespiratoryRate = null },
            News2Component.OxygenSaturation => s_well with { OxygenSaturation = null },
            News2Component.SupplementalOxygen => s_well with { OnOxygen = null },
            News2Component.SystolicPressure => s_well with { SystolicPressure = null },
            News2Component.Pulse => s_well with { Pulse = null },
            News2Component.Consciousness => s_well with { Consciousness = null },
            _ => s_well with { Temperature = null },
        };

        var result = News2.Score(without, 50, pregnant: false);

        Assert.Equal(new News2Result(null, News2Gap.Missing, component), result);
        Assert.Equal($"missing: {component}", result.ToString());
    }

    [Theory]
    [InlineData(News2Component.RespiratoryRate, 0)]
    [InlineData(News2Component.RespiratoryRate, 101)]
    [InlineData(News2Component.OxygenSaturation, 0.97)]
    [InlineData(News2Component.OxygenSaturation, 970)]
    [InlineData(News2Component.SystolicPressure, 12)]
    [InlineData(News2Component.Pulse, 301)]
    [InlineData(News2Component.Temperature, 98.6)]
    [InlineData(News2Component.Temperature, double.NaN)]
    public void Score_withAnImplausibleNumber_namesItsComponent(News2Component component, double value) =>
        Assert.Equal(new News2Result(null, News2Gap.Missing, component), News2.Score(s_well.With(component, value), 50, pregnant: false));

    [Fact]
    public void Score_underSixteen_isNotApplicable()
    {
        Assert.Equal("not applicable: under 16", News2.Score(s_well, 15, pregnant: false).ToString());
        Assert.Equal("0", News2.Score(s_well, 16, pregnant: false).ToString());
    }

    [Fact]
    public void Score_ofUnknownAge_isNotApplicable() => Assert.Equal(News2Gap.AgeUnknown, News2.Score(s_well, null, pregnant: false).Gap);

    [Fact]
    public void Score_inPregnancy_isNotApplicable() => Assert.Equal("not applicable: pregnant", News2.Score(s_well, 30, pregnant: true).ToString());

    [Fact]
    public void Components_areAllThere_withAWayToTheirNumber()
    {
        Assert.Equal(Enum.GetValues<News2Component>(), News2.Components.Select(source => source.Component).Distinct());
        Assert.All(News2.Components, source =>
        {
            Assert.True(source.Unit is not null || !source.Levels.IsEmpty || source.Finding is not null);
            Assert.Equal(source.Component == News2Component.SupplementalOxygen && source.Unit is not null, source.Above is not null);
            Assert.All(source.Events.Codes.Concat(source.Levels.SelectMany(level => level.Codes)), code => Assert.True(
                code.System == "snomed" ? CheckDigits.IsSnomed(code.Code) : code.Code.StartsWith("LA", StringComparison.Ordinal) || CheckDigits.IsLoinc(code.Code), code.Code));
        });
    }

    [Fact]
    public void Components_withOneCode_belongToOneComponent() => Assert.All(
        News2.Components.SelectMany(source => source.Events.Codes.Select(code => (code, source.Component))).GroupBy(pair => pair.code),
        uses => Assert.Single(uses));

    [Fact]
    public void With_eachComponent_fillsTheSet()
    {
        var vitals = new News2Vitals()
            .With(News2Component.RespiratoryRate, 16).With(News2Component.OxygenSaturation, 98).With(News2Component.SupplementalOxygen, 0)
            .With(News2Component.SystolicPressure, 120).With(News2Component.Pulse, 70).With(News2Component.Consciousness, 0).With(News2Component.Temperature, 37);

        Assert.Equal(s_well, vitals);
    }

    private static void Is(int expected, News2Vitals vitals) => Assert.Equal(new News2Result(expected), News2.Score(vitals, 50, pregnant: false));
}
