// What depends on the speed of the machine, each with its bar: cargo xtask bench responsiveness
import { defineConfig } from '@playwright/test';
import flows from '../tests/e2e/playwright.config.js';

export default defineConfig({ ...flows, testDir: '.', testMatch: 'responsiveness/*.spec.js', workers: 1 });
