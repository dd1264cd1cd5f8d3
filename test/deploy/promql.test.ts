import { describe, expect, it } from 'vitest'
import { alternativesOf, namedIn } from './promql.ts'

describe('the reader of PromQL', () => {
  it.each([
    ['a', ['a']],
    ['sum by (job) (rate(a_total{x="y"}[5m])) / on (job) b > 0.5', ['a_total', 'b']],
    ['sum(a) by (job)', ['a']],
    ['a offset 1h unless b and c or d', ['a', 'b', 'c', 'd']],
    ['histogram_quantile(0.9, sum by (le) (rate(a_bucket[$__rate_interval])))', ['a_bucket']],
    ['source:a:sum > 10 * 1024 ^ 3', ['source:a:sum']],
    ['increase(a[$__range]) or (b unless b offset $__range)', ['a', 'b', 'b']],
    ['{__name__=~"a|b", job="x"}', ['a', 'b']],
    ['group by (job) (last_over_time(a[1d]))', ['a']],
  ])('finds the metrics of %s', (expression, metrics) => {
    expect(namedIn(expression).selectors.flatMap(({ names }) => names)).toEqual(metrics)
  })

  it('finds conditions, also where braces and brackets stand in a string', () => {
    expect(namedIn('a{route=~"GET /[{]id[}]", status!="200"} + b').selectors).toMatchObject([
      {
        names: ['a'],
        matchers: [
          { label: 'route', op: '=~', value: 'GET /[{]id[}]' },
          { label: 'status', op: '!=', value: '200' },
        ],
      },
      { names: ['b'], matchers: [] },
    ])
  })

  it('finds the labels of groupings', () => {
    expect(namedIn('sum by (a, b) (m) * on (c) group_left (d) n').grouping).toEqual(['a', 'b', 'c', 'd'])
  })

  it('cuts alternatives where no bracket is open', () => {
    expect(alternativesOf('a|b(c|d)|[|]')).toEqual(['a', 'b(c|d)', '[|]'])
  })
})
